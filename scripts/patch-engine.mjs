// Writes the engine's source with a few places replaced: src/guest/engine.c says what for. Each place must be there as
// often as expected, in the whole source or in the one function that `within` begins: a source that reads differently
// stops the build.
// usage: node patch-engine.mjs QUICKJS.C OUT
import fs from "node:fs";

const changes = [
  {
    what: "the macro JS_REF_COUNT",
    from: "#define JS_REF_COUNT(p) (js_rc(p)->ref_count)\n",
    to: "#define JS_REF_COUNT(p) ENGINE_REF_COUNT(p)\n",
  },
  // ---- columns of the first line are counted from 1, as those of all others
  {
    what: "js_parse_init",
    from: "    s->mark = s->buf_ptr + min_int(1, input_len);\n    s->eol = s->buf_ptr;\n",
    to: "    s->mark = s->buf_ptr;\n    s->eol = s->buf_ptr - 1;\n",
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
  // ---- stacks: what a method was called on; where a call is: at the last name before the parenthesis, at `new`, at
  // `await`, and a property at its name
  {
    what: "build_backtrace",
    from: "static void build_backtrace(JSContext *ctx, JSValueConst error_val,\n",
    to: "static void unused_build_backtrace(JSContext *ctx, JSValueConst error_val,\n",
  },
  {
    what: "struct JSStackFrame",
    from: "    JSValue cur_func; /* current function, JS_UNDEFINED if the frame is detached */\n",
    to: "    JSValue cur_func; /* current function, JS_UNDEFINED if the frame is detached */\n    JSValueConst called_on;\n",
  },
  ...[
    ["static JSValue js_call_c_function_data(", "unsafe_unconst(func_obj)", "this_val"],
    ["static JSValue js_call_c_closure(", "unsafe_unconst(func_obj)", "this_val"],
    ["static JSValue js_call_c_function(", "unsafe_unconst(func_obj)", "this_obj"],
    ["static JSValue JS_CallInternal(JSContext *caller_ctx,", "unsafe_unconst(func_obj)", "this_obj"],
    ["static __exception int async_func_init(JSContext *ctx,", "js_dup(func_obj)", "this_obj"],
  ].map(([within, function_, receiver]) => ({
    what: "a stack frame begun",
    within,
    from: `    sf->cur_func = ${function_};\n`,
    to: `    sf->cur_func = ${function_};\n    sf->called_on = ${receiver};\n`,
  })),
  ...[
    ["    FuncCallType call_type;\n", "    FuncCallType call_type;\n    int call_line = 0, call_col = 0;\n"],
    ["            emit_source_loc(s);\n            if (js_parse_postfix_expr(s, 0))\n",
      "            call_line = s->last_line_num, call_col = s->last_col_num;\n            if (js_parse_postfix_expr(s, 0))\n"],
    ["                emit_op(s, OP_dup);\n                emit_op(s, OP_call_constructor);\n",
      "                emit_source_loc_at(s, call_line, call_col);\n                emit_op(s, OP_dup);\n" +
      "                emit_op(s, OP_call_constructor);\n"],
    ["        parse_func_call:\n", "        parse_func_call:\n            if (call_type != FUNC_CALL_NEW) {\n" +
      "                bool named = engine_ends_name(s->buf_start, s->last_ptr);\n" +
      "                call_line = named ? s->last_line_num : s->token.line_num;\n" +
      "                call_col = named ? s->last_col_num : (int)(s->token.ptr - s->token.line_start) + 1;\n            }\n"],
    ["                emit_source_loc(s);\n                switch(opcode = get_prev_opcode(fd)) {\n",
      "                if (call_type == FUNC_CALL_TEMPLATE) {\n                    call_line = s->token.line_num;\n" +
      "                    call_col = (int)(s->token.ptr - s->token.line_start) + 1;\n                }\n" +
      "                switch(opcode = get_prev_opcode(fd)) {\n"],
    ["            emit_func_call:\n", "            emit_func_call:\n                emit_source_loc_at(s, call_line, call_col);\n"],
    ["                /* apply function call */\n", "                emit_source_loc_at(s, call_line, call_col);\n"],
    ["                    emit_op(s, OP_get_field);\n",
      "                    emit_source_loc(s);\n                    emit_op(s, OP_get_field);\n"],
    ["                emit_op(s, OP_scope_get_private_field);\n",
      "                emit_source_loc(s);\n                emit_op(s, OP_scope_get_private_field);\n"],
  ].map(([from, to]) => ({
    what: "the place of a call",
    within: "static __exception int js_parse_postfix_expr(JSParseState *s, int parse_flags)",
    from,
    to,
  })),
  {
    what: "await",
    from: "            return js_parse_error(s, \"await in default expression\");\n",
    to: "            return js_parse_error(s, \"await in default expression\");\n" +
      "        int await_line = s->token.line_num, await_col = s->token.col_num;\n",
  },
  {
    what: "the place of await",
    from: "        emit_op(s, OP_await);\n        s->cur_func->has_await = true;\n        parse_flags = 0;\n",
    to: "        emit_source_loc_at(s, await_line, await_col);\n        emit_op(s, OP_await);\n" +
      "        s->cur_func->has_await = true;\n        parse_flags = 0;\n",
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
  {
    what: "a private name that is not there",
    from: "    return JS_ThrowTypeErrorAtom(ctx, \"private class field '%s' does not exist\",\n" +
      "                                 atom);\n",
    to: "    return engine_no_private(ctx, atom);\n",
  },
  {
    what: "a private name of what is no object",
    from: "    if (unlikely(JS_VALUE_GET_TAG(obj) != JS_TAG_OBJECT))\n        return JS_ThrowTypeErrorNotAnObject(ctx);\n" +
      "    /* safety check */\n    if (unlikely(JS_VALUE_GET_TAG(name) != JS_TAG_SYMBOL))\n        return JS_ThrowTypeErrorNotASymbol(ctx);\n" +
      "    prop = js_symbol_to_atom(ctx, name);\n    p = JS_VALUE_GET_OBJ(obj);\n    prs = find_own_property(&pr, p, prop);\n    if (!prs) {\n",
    to: "    if (unlikely(JS_VALUE_GET_TAG(obj) != JS_TAG_OBJECT))\n        return engine_no_private(ctx, JS_ATOM_NULL);\n" +
      "    prop = js_symbol_to_atom(ctx, name);\n    p = JS_VALUE_GET_OBJ(obj);\n    prs = find_own_property(&pr, p, prop);\n    if (!prs) {\n",
  },
  {
    what: "a private method that is not there",
    from: "                    JS_ThrowTypeError(ctx, \"invalid brand on object\");\n",
    to: "                    engine_no_brand(ctx);\n",
  },
  {
    what: "a private method of what is no object",
    from: "    not_obj:\n        JS_ThrowTypeErrorNotAnObject(ctx);\n        return -1;\n    }\n    p = JS_VALUE_GET_OBJ(obj);\n",
    to: "    not_obj:\n        engine_no_brand(ctx);\n        return -1;\n    }\n    p = JS_VALUE_GET_OBJ(obj);\n",
  },
  {
    what: "maxByteLength of a detached ArrayBuffer, which is 0",
    from: "    if (array_buffer_is_resizable(abuf))\n        return js_uint32(abuf->max_byte_length);\n",
    to: "    if (array_buffer_is_resizable(abuf) && !abuf->detached)\n        return js_uint32(abuf->max_byte_length);\n",
  },
  {
    what: "DOMException called as a function",
    from: "        return JS_ThrowTypeError(ctx, \"constructor requires 'new'\");\n    return js_domexception_constructor0(",
    to: "        return JS_ThrowTypeError(ctx, \"Failed to construct 'DOMException': Please use the 'new' operator, this \"\n" +
      "                                 \"object constructor cannot be called as a function.\");\n" +
      "    return js_domexception_constructor0(",
  },
  {
    what: "a class called as a function",
    from: "                JS_ThrowTypeError(ctx, \"class constructors must be invoked with 'new'\");\n",
    to: "                sf->cur_pc = pc;\n                engine_not_new(ctx);\n",
  },
  // ---- small integers (as doubles) and pointers differ in their upper bits only: without mixing, the keys of a Map of
  // hundreds of them share a few chains
  {
    what: "map_hash_key",
    from: "    return h ^ ctx->hash_seed ^ hash32(tag);\n",
    to: "    return engine_mix(h ^ ctx->hash_seed ^ hash32(tag));\n",
  },
  // ---- the objects around the one that is written are looked through for itself by pointer: 16,000 nested arrays, as
  // deep as the stack allows, took 6 s
  {
    what: "js_json_to_str",
    from: "        v = js_array_includes(ctx, jsc->stack, 1, vc(&val));\n",
    to: "        v = js_bool(engine_json_inside(jsc->stack, val));\n",
  },
  // ---- what JSON.parse reads is put where it belongs at once: nobody else has seen the array or the object; short
  // integers are no doubles, and need no strtod()
  {
    what: "json_parse_number",
    from: "    s->token.u.num.val = js_float64(strtod((const char *)p_start, NULL));\n",
    to: "    s->token.u.num.val = engine_json_number(p_start, p);\n",
  },
  {
    what: "the elements in json_parse_value",
    within: "static JSValue json_parse_value(",
    from: "ret = JS_DefinePropertyValueUint32(ctx, val, idx, el, JS_PROP_C_W_E);",
    to: "ret = engine_array_push(ctx, val, el);",
  },
  {
    what: "the properties in json_parse_value",
    within: "static JSValue json_parse_value(",
    from: "ret = JS_DefinePropertyValue(ctx, val, prop_name,\n" +
      "                                                 prop_val, JS_PROP_C_W_E);",
    to: "ret = engine_json_put(ctx, val, prop_name, prop_val);",
  },
  // ---- an array that grows from nothing was moved for its first, second, third and fourth element
  {
    what: "expand_fast_array",
    from: "    new_size = old_size + old_size/2;\n",
    to: "    new_size = old_size < 8 ? max_uint32(2, 2 * old_size) : old_size + old_size/2;\n",
  },
  // ---- what each function begins with is put under the shape that it will have, not defined one after the other
  {
    what: "js_function_set_properties",
    from: "    /* ES6 feature non compatible with ES5.1: length is configurable */\n",
    to: "    if (engine_function_properties(ctx, func_obj, name, len)) return;\n",
  },
  // ---- a template is put together by the language, not by whatever String.prototype.concat is
  {
    what: "js_parse_template",
    from: "                    emit_op(s, OP_get_field2);\n                    emit_atom(s, JS_ATOM_concat);\n",
    to: "                    if (emit_push_const(s, engine_template_concat(ctx), 0)) return -1;\n",
  },
  { what: "struct JSContext", from: "    JSValue eval_obj;\n", to: "    JSValue eval_obj;\n    JSValue engine_concat;\n    JSShape *function_shapes[4];\n" },
  {
    what: "JS_MarkContext",
    from: "    JS_MarkValue(rt, ctx->eval_obj, mark_func);\n",
    to: "    JS_MarkValue(rt, ctx->eval_obj, mark_func);\n    JS_MarkValue(rt, ctx->engine_concat, mark_func);\n" +
      "    engine_mark_shapes(rt, ctx, mark_func);\n",
  },
  {
    what: "JS_FreeContext",
    from: "    JS_FreeValue(ctx, ctx->eval_obj);\n",
    to: "    JS_FreeValue(ctx, ctx->eval_obj);\n    JS_FreeValue(ctx, ctx->engine_concat);\n    engine_free_shapes(ctx);\n",
  },
  // ---- V8's words for errors that programs match on and people look up
  ...[
    ["cannot convert symbol to string", "Cannot convert a Symbol value to a string"],
    ["cannot convert symbol to number", "Cannot convert a Symbol value to a number"],
    ["bigint argument with unary +", "Cannot convert a BigInt value to a number", 2],
    ["BigInt are forbidden in JSON.stringify", "Do not know how to serialize a BigInt"],
    ["cannot read property '%s' of null", "Cannot read properties of null (reading '%s')", 2],
    ["cannot read property '%s' of undefined", "Cannot read properties of undefined (reading '%s')", 2],
    ["cannot set property '%s' of null", "Cannot set properties of null (setting '%s')"],
    ["cannot set property '%s' of undefined", "Cannot set properties of undefined (setting '%s')"],
    ["invalid array length", "Invalid array length", 4],
    ["value is not iterable", "object is not iterable", 2],
  ].map(([from, to, count]) => ({ what: from, from: `"${from}"`, to: `"${to}"`, count })),
  // ---- the platform's functions have no source text: it would be in the image several times, once for each function
  // around another
  {
    what: "the source of functions",
    from: "fd->source = js_strndup(ctx, (const char *)ptr, fd->source_len);",
    to: "fd->source = engine_source(ctx, (const char *)ptr, &fd->source_len);",
    count: 2,
  },
  {
    what: "the source of classes",
    from: "ctor_fd->source = js_strndup(ctx, (const char *)class_start_ptr, ctor_fd->source_len);",
    to: "ctor_fd->source = engine_source(ctx, (const char *)class_start_ptr, &ctor_fd->source_len);",
  },
  {
    what: "js_function_toString",
    from: "        if (b->source)\n            return JS_NewStringLen",
    to: "        if (b->source_len)\n            return JS_NewStringLen",
  },
  {
    what: "the text of native functions",
    from: "() {\\n    [native code]\\n}",
    to: "() { [native code] }",
  },
];

const [input, output] = process.argv.slice(2);
let source = fs.readFileSync(input, "utf8");

// [before, the function that begins with `start`, after]; the whole source without a start
function cut(start) {
  if (start === undefined) return ["", source, ""];
  let at = source.indexOf(start);
  while (at >= 0 && source.indexOf(";", at) < source.indexOf("{", at)) at = source.indexOf(start, at + 1); // declared
  const end = at < 0 ? -1 : source.indexOf("\n}\n", at);
  return end < 0 ? ["", "", source] : [source.slice(0, at), source.slice(at, end), source.slice(end)];
}

for (const { what, within, from, to, count = 1 } of changes) {
  const [before, text, after] = cut(within);
  const parts = text.split(from);
  if (parts.length !== count + 1) {
    console.error(`patch-engine: ${what}: expected ${count} time(s) in ${within ?? input}, found ${parts.length - 1}`);
    process.exit(1);
  }
  source = before + parts.join(to) + after;
}
fs.writeFileSync(output, source);
