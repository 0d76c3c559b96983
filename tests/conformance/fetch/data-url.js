// data: URLs: base64 that is not quite some, and what the type says.
import { checks } from "../checks.js";

const BASE64 = ["aGk=", "aGk", "a", "aG", "aGkx", "YR", "YQ=", "YQ==YQ==", "=aGk", "a=Gk", "aG=k=x", "====", "", "Y Q", "%59%51", "YQ%3d%3D",
  "a%2Bb/", "%", "%zz", "aG*k", "aG-k", "a_Gk", "-_", "*aGk", "aGk*", "aé", "YWJj,ZGVm", "YWJj?ZGVm", "YWJj#ZGVm", "YWJj.", "/+", "+/+/"];
const TYPES = ["", "text/html", "text", ";charset=x", "text/plain;charset=utf-8", "TEXT/Plain; A=B", ";base64x", "text/plain;;a=b", ";", " text/css "];

const list = {};
for (const text of BASE64) list[`;base64,${text}`] = async () => (await fetch(`data:;base64,${text}`)).bytes();
for (const mark of [";base64", ";BASE64", ";  base64", ";base64 ", "; base64  ", ";base64;x", "base64"]) {
  list[`${mark},aGk=`] = async () => (await fetch(`data:text/plain${mark},aGk=`)).text();
}
for (const type of TYPES) list[`type ${type}`] = async () => (await fetch(`data:${type},x`)).headers.get("content-type");
for (const text of ["a%20b", "a%zzb", "%C3%A9", "é", "a+b", "%", "a#b", "a%00b"]) list[`,${text}`] = async () => (await fetch(`data:,${text}`)).bytes();
list["no comma"] = () => fetch("data:x");
list["1 MB"] = async () => (await (await fetch(`data:;base64,${"YWJj".repeat(262144)}*`)).bytes()).length;
export default checks(list);
