// zod: schemas of every kind, refinements, transforms, asynchronous checks, errors and their formats, JSON schema.
import * as z from "zod";
import * as mini from "zod/mini";
import { equal, ok, program, thrown } from "../check.js";

const User = z.object({
  name: z.string().min(2).max(20),
  email: z.email(),
  age: z.number().int().positive().optional(),
  tags: z.array(z.string()).default([]),
  role: z.enum(["admin", "user"]),
});
const Shape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("circle"), r: z.number() }),
  z.object({ kind: z.literal("square"), side: z.number() }),
]);
const Tree = z.object({
  value: z.number(),
  get children() {
    return z.array(Tree);
  },
});
const good = { name: "Ada", email: "ada@example.com", role: "admin" };
const issues = (schema, value) => schema.safeParse(value).error?.issues.map((i) => [i.path.join("."), i.code]) ?? [];

export default program({
  "parse gives the value with defaults, and drops what is unknown": () => {
    equal(User.parse({ ...good, extra: 1 }), { ...good, tags: [] });
    equal(z.looseObject({ a: z.number() }).parse({ a: 1, b: 2 }), { a: 1, b: 2 });
    equal(issues(z.strictObject({ a: z.number() }), { a: 1, b: 2 }), [["", "unrecognized_keys"]]);
  },
  "parse throws all issues": async () => {
    const e = await thrown(() => User.parse({ name: "A", email: "no", age: -1.5, role: "root" }));
    ok(e instanceof z.ZodError);
    equal(e.name, "ZodError");
    equal(e.issues.map((i) => i.path.join(".")), ["name", "email", "age", "role"]);
    equal(e.issues[0].message, "Too small: expected string to have >=2 characters");
  },
  "error formats": () => {
    const { error } = User.safeParse({ ...good, name: 5, tags: ["a", 1] });
    equal(z.flattenError(error), {
      formErrors: [],
      fieldErrors: { name: ["Invalid input: expected string, received number"], tags: ["Invalid input: expected string, received number"] },
    });
    equal(z.treeifyError(error).properties.tags.items[1].errors, ["Invalid input: expected string, received number"]);
    equal(z.prettifyError(error), "✖ Invalid input: expected string, received number\n  → at name\n" +
      "✖ Invalid input: expected string, received number\n  → at tags[1]");
    equal(JSON.parse(error.message).length, 2);
  },
  "refine, superRefine and paths": () => {
    const Passwords = z.object({ a: z.string(), b: z.string() }).refine((v) => v.a === v.b, { path: ["b"], error: "differ" });
    equal(Passwords.safeParse({ a: "x", b: "y" }).error.issues[0], { code: "custom", path: ["b"], message: "differ" });
    const Even = z.number().superRefine((n, ctx) => {
      if (n % 2) ctx.addIssue({ code: "custom", message: `${n} is odd` });
    });
    equal(Even.safeParse(3).error.issues[0].message, "3 is odd");
    equal(Even.parse(4), 4);
  },
  "discriminated unions and plain unions": () => {
    equal(Shape.parse({ kind: "square", side: 2 }), { kind: "square", side: 2 });
    equal(issues(Shape, { kind: "circle", side: 2 }), [["r", "invalid_type"]]);
    equal(issues(Shape, { kind: "line" }), [["kind", "invalid_union"]]);
    equal(z.union([z.string(), z.number()]).parse(5), 5);
    equal(issues(z.union([z.string(), z.number()]), true), [["", "invalid_union"]]);
  },
  "asynchronous checks": async () => {
    const Free = z.string().refine(async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return name !== "taken";
    }, "is taken");
    equal(await Free.parseAsync("free"), "free");
    equal((await Free.safeParseAsync("taken")).error.issues[0].message, "is taken");
    ok((await thrown(() => Free.parse("free"))).message.includes("Promise"));
    equal(await z.promise(z.number()).parseAsync(Promise.resolve(1)), 1);
  },
  "transform, pipe, preprocess, coerce, codec, brand": () => {
    equal(z.string().transform((s) => s.length).pipe(z.number().max(3)).parse("abc"), 3);
    equal(z.preprocess((v) => String(v).trim(), z.string()).parse("  x "), "x");
    equal([z.coerce.number().parse("5"), z.coerce.boolean().parse(""), z.coerce.date().parse(0), z.coerce.bigint().parse("7")],
      [5, false, new Date(0), 7n]);
    equal(z.stringbool().parse("yes"), true);
    equal(z.string().brand("Id").parse("x"), "x");
    equal(z.string().trim().toLowerCase().parse(" AB "), "ab");
    equal(z.number().catch(0).parse("x"), 0);
  },
  "string formats": () => {
    const valid = {
      uuid: "123e4567-e89b-42d3-a456-426614174000", url: "https://a.example/?q=1", ipv4: "1.2.3.4", ipv6: "::1",
      cuid2: "tz4a98xxat96iws9zmbrgj3a", ulid: "01ARZ3NDEKTSV4RRFFQ69G5FAV", base64: "YQ==", emoji: "😀", nanoid: "V1StGXR8_Z5jdHi6B-myT",
      cidrv4: "10.0.0.0/8", jwt: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x",
    };
    for (const [format, value] of Object.entries(valid)) {
      ok(z[format]().safeParse(value).success, `${format} refuses ${value}`);
      ok(!z[format]().safeParse("not that\n").success, `${format} takes nonsense`);
    }
    equal(z.iso.datetime({ offset: true }).parse("2026-11-25T15:04:05+01:00"), "2026-11-25T15:04:05+01:00");
    equal(issues(z.iso.date(), "2026-02-30"), [["", "invalid_format"]]);
    equal(z.templateLiteral(["v", z.number()]).parse("v12"), "v12");
  },
  "collections": () => {
    equal(z.map(z.string(), z.number()).parse(new Map([["a", 1]])), new Map([["a", 1]]));
    equal(z.set(z.number()).parse(new Set([1])), new Set([1]));
    equal(z.record(z.string(), z.number()).parse({ a: 1 }), { a: 1 });
    equal(z.tuple([z.string()], z.number()).parse(["a", 1, 2]), ["a", 1, 2]);
    equal(issues(z.tuple([z.string()]), ["a", "b"]), [["", "too_big"]]);
    equal(z.instanceof(URL).parse(new URL("http://a/")).href, "http://a/");
    ok(z.file().min(1).safeParse(new File(["x"], "f")).success);
  },
  "recursive schemas": () => {
    const tree = { value: 1, children: [{ value: 2, children: [] }] };
    equal(Tree.parse(tree), tree);
    equal(issues(Tree, { value: 1, children: [{ value: 2 }] }), [["children.0.children", "invalid_type"]]);
  },
  "deriving objects": () => {
    equal(Object.keys(User.pick({ name: true }).shape), ["name"]);
    equal(User.partial().parse({}), { tags: [] });
    equal(issues(User.required(), { ...good, tags: [] }), [["age", "invalid_type"]]);
    equal(User.omit({ email: true }).extend({ id: z.uuid() }).keyof().options, ["name", "age", "tags", "role", "id"]);
  },
  "JSON schema": () => {
    const schema = z.toJSONSchema(User);
    equal(schema.required, ["name", "email", "tags", "role"]);
    equal(schema.properties.role, { type: "string", enum: ["admin", "user"] });
    equal(schema.properties.age.type, "integer");
  },
  "zod/mini and z.config": () => {
    equal(mini.parse(mini.object({ a: mini.string().check(mini.minLength(1)) }), { a: "x" }), { a: "x" });
    equal(z.string({ error: (i) => `want text, not ${typeof i.input}` }).safeParse(1).error.issues[0].message, "want text, not number");
    equal(z.locales.de().localeError({ code: "invalid_type", expected: "string", input: 1, path: [] }), "Ungültige Eingabe: erwartet string, erhalten Zahl");
  },
  "ten thousand objects": () => {
    const many = Array.from({ length: 10000 }, (_, i) => ({ ...good, age: i + 1, tags: ["a"] }));
    equal(z.array(User).parse(many).length, 10000);
  },
});
