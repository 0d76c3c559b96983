// EventSource: close() ends the request at the server; what does not.
import { checks } from "../checks.js";

const opened = (es) => new Promise((resolve, reject) => {
  es.addEventListener("open", resolve);
  es.addEventListener("error", (e) => reject(e.error));
});
const watch = (env, key) => new EventSource(`${env.UPSTREAM}/watch/${key}?text/event-stream`);
const closed = async (env, key) => (await fetch(`${env.UPSTREAM}/closed/${key}`)).text();

export default checks({
  "close() when open": async ({ env }) => {
    const key = crypto.randomUUID(), es = watch(env, key);
    await opened(es);
    es.close();
    return [es.readyState, await closed(env, key)];
  },
  "close() in the open event": async ({ env }) => {
    const key = crypto.randomUUID(), es = watch(env, key);
    es.onopen = () => es.close();
    return [await closed(env, key), es.readyState];
  },
  "close() twice": async ({ env }) => {
    const es = watch(env, crypto.randomUUID());
    es.close();
    es.close();
    await scheduler.wait(20);
    return es.readyState;
  },
  "disposed of": async ({ env }) => {
    const key = crypto.randomUUID();
    {
      using es = watch(env, key);
      await opened(es);
    }
    return closed(env, key);
  },
  "a content type that is none of events": async ({ env }) => {
    const key = crypto.randomUUID(), es = new EventSource(`${env.UPSTREAM}/watch/${key}?text/plain`);
    const error = await opened(es).catch((e) => String(e));
    return [error, es.readyState, await closed(env, key)];
  },
});
