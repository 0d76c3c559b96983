// navigator.sendBeacon(): a POST that the event waits for, not the caller.
import { checks } from "../checks.js";

export default checks({
  "sent before anybody waits": async ({ env, request }) => {
    const key = crypto.randomUUID();
    const sent = navigator.sendBeacon(`${env.UPSTREAM}/free/${key}`, "text");
    return [sent, (await fetch(`${env.UPSTREAM}/hold/${key}`)).status];
  },
  "an answer without end": ({ env }) => navigator.sendBeacon(`${env.UPSTREAM}/first`),
  "an unknown scheme": () => navigator.sendBeacon("ftp://a/"),
  "no URL": () => navigator.sendBeacon("nope"),
  "nothing": () => navigator.sendBeacon(),
  "a number": () => navigator.sendBeacon("http://127.0.0.1:1/", 5),
  "a URLSearchParams": ({ env }) => navigator.sendBeacon(`${env.UPSTREAM}/status/200`, new URLSearchParams("a=b")),
  "a Blob": ({ env }) => navigator.sendBeacon(new URL(`${env.UPSTREAM}/status/500`), new Blob(["a"])),
  "null": ({ env }) => navigator.sendBeacon(`${env.UPSTREAM}/status/200`, null),
  "what cannot be text": () => navigator.sendBeacon(Symbol()),
});
