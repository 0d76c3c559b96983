// Writes the engine's source with a few places replaced: src/guest/engine.c says what for. Each place must be there as
// often as expected: a source that reads differently stops the build.
// usage: node patch-engine.mjs QUICKJS.C OUT
import fs from "node:fs";

const changes = [
  {
    what: "the macro JS_REF_COUNT",
    from: "#define JS_REF_COUNT(p) (js_rc(p)->ref_count)\n",
    to: "#define JS_REF_COUNT(p) ENGINE_REF_COUNT(p)\n",
  },
  // ---- the frame of a job, of a promise's reaction, and where they are made, run, marked and freed
  {
    what: "struct JSJobEntry",
    from: "    int argc;\n    JSValue argv[];\n} JSJobEntry;",
    to: "    int argc;\n    JSObject *frame;\n    JSValue argv[];\n} JSJobEntry;",
  },
  {
    what: "JS_EnqueueJob",
    from: "    e->argc = argc;\n",
    to: "    e->argc = argc;\n    e->frame = engine_hold_frame();\n",
  },
  {
    what: "JS_ExecutePendingJob",
    from: "    res = e->job_func(e->ctx, e->argc, vc(e->argv));\n",
    to: "    engine_swap_frame(rt, e->frame);\n    res = e->job_func(e->ctx, e->argc, vc(e->argv));\n" +
      "    engine_swap_frame(rt, NULL);\n",
  },
  {
    what: "struct JSPromiseReactionData",
    from: "    JSValue handler;\n} JSPromiseReactionData;",
    to: "    JSValue handler;\n    JSObject *frame;\n} JSPromiseReactionData;",
  },
  {
    what: "perform_promise_then",
    from: "        rd->handler = js_dup(handler);\n",
    to: "        rd->handler = js_dup(handler);\n        rd->frame = engine_hold_frame();\n",
  },
  {
    what: "promise_reaction_data_free",
    from: "    JS_FreeValueRT(rt, rd->handler);\n",
    to: "    JS_FreeValueRT(rt, rd->handler);\n    engine_drop_frame(rt, rd->frame);\n",
  },
  {
    what: "js_promise_mark",
    from: "            JS_MarkValue(rt, rd->handler, mark_func);\n",
    to: "            JS_MarkValue(rt, rd->handler, mark_func);\n            engine_mark_frame(rt, rd->frame, mark_func);\n",
  },
  {
    what: "the jobs of a promise's reactions",
    from: "JS_EnqueueJob(ctx, promise_reaction_job, 5, args);",
    to: "engine_enqueue(ctx, promise_reaction_job, 5, args, rd->frame);",
    count: 2,
  },
  {
    what: "the jobs of finalization registries",
    from: "JS_EnqueueJob(fre->ctx, js_finrec_job, 2, args);",
    to: "engine_enqueue(fre->ctx, js_finrec_job, 2, args, NULL);",
  },
  {
    what: "JS_LoadModuleInternal",
    from: "    m = js_host_resolve_imported_module(ctx, basename, filename, attributes);\n",
    to: "    engine_importing = true;\n    m = js_host_resolve_imported_module(ctx, basename, filename, attributes);\n" +
      "    engine_importing = false;\n",
  },
  // ---- what the engine gets wrong, and programs meet
  {
    what: "{ ...\"text\" } copies nothing",
    from: "    bool is_enumerable;\n\n    if (JS_VALUE_GET_TAG(source) != JS_TAG_OBJECT)\n        return 0;\n",
    to: "    bool is_enumerable;\n\n    if (JS_IsString(source)) {\n" +
      "        JSValue boxed = JS_ToObject(ctx, source);\n" +
      "        ret = JS_IsException(boxed) ? -1 : JS_CopyDataProperties(ctx, target, boxed, excluded, setprop);\n" +
      "        JS_FreeValue(ctx, boxed);\n        return ret;\n    }\n" +
      "    if (JS_VALUE_GET_TAG(source) != JS_TAG_OBJECT)\n        return 0;\n",
  },
  {
    what: "RegExp.escape of letters beyond ASCII",
    from: "        } else if (c < 256) {\n        hex2:\n",
    to: "        } else if (c < 256 && lre_is_white_space(c)) {\n        hex2:\n",
  },
  {
    what: "room for the name of the time zone",
    from: "    // _string(obj, fmt, part)\n    char buf[64];\n",
    to: "    char buf[128];\n",
  },
  {
    what: "the name of the time zone, which is UTC, in Date's toString",
    from: "            /* XXX: tack the time zone code? */\n",
    to: "            pos += snprintf(buf + pos, sizeof(buf) - pos, \" (Coordinated Universal Time)\");\n",
  },
  // ---- V8's words for errors that programs match on and people look up
  ...[
    ["cannot convert symbol to string", "Cannot convert a Symbol value to a string"],
    ["BigInt are forbidden in JSON.stringify", "Do not know how to serialize a BigInt"],
    ["cannot read property '%s' of null", "Cannot read properties of null (reading '%s')", 2],
    ["cannot read property '%s' of undefined", "Cannot read properties of undefined (reading '%s')", 2],
    ["cannot set property '%s' of null", "Cannot set properties of null (setting '%s')"],
    ["cannot set property '%s' of undefined", "Cannot set properties of undefined (setting '%s')"],
    ["invalid array length", "Invalid array length", 4],
    ["value is not iterable", "object is not iterable", 2],
  ].map(([from, to, count]) => ({ what: from, from: `"${from}"`, to: `"${to}"`, count })),
];

const [input, output] = process.argv.slice(2);
let source = fs.readFileSync(input, "utf8");
for (const { what, from, to, count = 1 } of changes) {
  const parts = source.split(from);
  if (parts.length !== count + 1) {
    console.error(`patch-engine: ${what}: expected ${count} time(s) in ${input}, found ${parts.length - 1}`);
    process.exit(1);
  }
  source = parts.join(to);
}
fs.writeFileSync(output, source);
