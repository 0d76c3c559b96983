// node:path, posix and win32.
import path, { posix, win32 } from "node:path";
import { checks } from "../checks.js";

export default checks([
  () => Object.keys(path).sort(),
  async () => [path === posix, path.posix === path, (await import("node:path/posix")).default === posix, (await import("node:path/win32")).default === win32, (await import("path")).default === path],
  () => [path.sep, path.delimiter, win32.sep, win32.delimiter],
  () => [path.join("a", "..", "/b", "./c/", ""), path.join(), path.join("", ""), path.join("/a", "../..")],
  () => [path.resolve("a"), path.resolve("/a", "../b"), path.resolve(), path.resolve("/a", "/b", "c")],
  () => ["/a/b/../c/./d//e/", "", ".", "..", "../../a", "/..", "a/", "//a"].map((p) => path.normalize(p)),
  () => [path.relative("/a/b/c", "/a/d"), path.relative("/a", "/a"), path.relative("a", "b/c")],
  () => ["/a/b.c", "/a/b/", "a", "/", "", "//"].map((p) => [path.dirname(p), path.basename(p), path.extname(p)]),
  () => [path.basename("/a/b.html", ".html"), path.basename("a.b.c", ".c"), path.extname(".x"), path.extname("a."), path.extname("a.b.c")],
  () => [path.parse("/home/u/f.txt"), path.parse("./a"), path.parse("/"), path.parse("")],
  () => [path.format({ dir: "/a", base: "b.c" }), path.format({ root: "/", name: "f", ext: "t" }), path.format({ name: "a", ext: ".b" })],
  () => [path.isAbsolute("/a"), path.isAbsolute("a"), path.isAbsolute("")],
  () => [win32.join("a", "..", "b\\c"), win32.resolve("C:\\a", "..", "D:b"), win32.normalize("C:/a//b/.."), win32.relative("C:\\a\\b", "C:\\a\\c"), win32.isAbsolute("C:/"), win32.parse("C:\\p\\f.txt")],
  () => [path.toNamespacedPath("/a"), win32.toNamespacedPath("C:\\a")],
  () => path.join(5),
  () => path.resolve(null),
  () => path.basename("a", 5),
  () => path.format(5),
  () => [path.matchesGlob("a/b", "a/*"), path.matchesGlob("a/b/c", "a/*"), path.matchesGlob("a/b/c", "a/**"), path.matchesGlob("a.js", "*.{js,ts}"), path.matchesGlob("a.c", "*.{js,ts}")],
]);
