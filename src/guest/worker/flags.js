// flags.js: compatibility dates and flags, checked as workerd checks them: what is no date, or newer than what is known
// here, or no flag, is refused. docs/compatibility.md lists the flags that change something.

const NEWEST_DATE = "2026-11-24"; // workerd's, of the version that bench/ has

// All of workerd's, in its order: the flag that switches something on, perhaps the one that switches it off; with "!" the
// first one is experimental.
const FEATURES = `
formdata_parser_supports_files formdata_parser_converts_files_to_strings
fetch_refuses_unknown_protocols fetch_treats_unknown_protocols_as_http
html_rewriter_treats_esi_include_as_void_tag
durable_object_fetch_requires_full_url durable_object_fetch_allows_relative_url
streams_byob_reader_detaches_buffer streams_byob_reader_does_not_detach_buffer
streams_enable_constructors streams_disable_constructors
workers_api_getters_setters_on_prototype workers_api_getters_setters_on_instance
minimal_subrequests no_minimal_subrequests
no_cots_on_external_fetch cots_on_external_fetch
url_standard url_original
global_navigator no_global_navigator
capture_async_api_throws do_not_capture_async_api_throws
r2_public_beta_bindings r2_internal_beta_bindings
durable_object_alarms
dont_substitute_null_on_type_error substitute_null_on_type_error
transformstream_enable_standard_constructor transformstream_disable_standard_constructor
r2_list_honor_include
export_commonjs_default export_commonjs_namespace
!durable_object_rename
web_socket_compression no_web_socket_compression
nodejs_compat no_nodejs_compat
tcp_sockets_support
response_redirect_url_standard response_redirect_url_original
!experimental
!durable_object_get_existing
http_headers_getsetcookie no_http_headers_getsetcookie
dynamic_dispatch_tunnel_exceptions dynamic_dispatch_treat_exceptions_as_500
!service_binding_extra_handlers
no_cf_botmanagement_default cf_botmanagement_default
urlsearchparams_delete_has_value_arg no_urlsearchparams_delete_has_value_arg
strict_compression_checks no_strict_compression_checks
brotli_content_encoding no_brotli_content_encoding
strict_crypto_checks no_strict_crypto_checks
!rtti_api
!webgpu
crypto_preserve_public_exponent no_crypto_preserve_public_exponent
vectorize_query_metadata_optional vectorize_query_original
!unsafe_module
!js_rpc
no_global_importscripts global_importscripts
nodejs_als no_nodejs_als
queues_json_messages no_queues_json_messages
python_workers
fetcher_no_get_put_delete fetcher_has_get_put_delete
unwrap_custom_thenables no_unwrap_custom_thenables
rpc no_rpc
internal_stream_byob_return_view internal_stream_byob_return_undefined
blob_standard_mime_type blob_legacy_mime_type
fetch_standard_url fetch_legacy_url
nodejs_compat_v2 no_nodejs_compat_v2
global_fetch_strictly_public global_fetch_private_origin
new_module_registry legacy_module_registry
cache_option_enabled cache_option_disabled
!kv_direct_binding
allow_custom_ports ignore_custom_ports
!increase_websocket_message_size
internal_writable_stream_abort_clears_queue internal_writable_stream_abort_does_not_clear_queue
!python_workers_development
nodejs_zlib no_nodejs_zlib
!replica_routing
!enable_d1_with_sessions_api
handle_cross_request_promise_resolution no_handle_cross_request_promise_resolution
set_tostring_tag do_not_set_tostring_tag
upper_case_all_http_methods no_upper_case_all_http_methods
python_external_packages
disable_top_level_await_in_require enable_top_level_await_in_require
!tail_worker_user_spans
cache_no_cache_enabled cache_no_cache_disabled
python_workers_20250116 no_python_workers_20250116
request_cf_overrides_cache_rules no_request_cf_overrides_cache_rules
!memory_cache_delete
unique_ctx_per_invocation
queue_consumer_no_wait_for_wait_until queue_consumer_wait_for_wait_until
nodejs_compat_populate_process_env nodejs_compat_do_not_populate_process_env
cache_api_request_cf_overrides_cache_rules no_cache_api_request_cf_overrides_cache_rules
disallow_importable_env allow_importable_env
assets_navigation_prefers_asset_serving assets_navigation_has_no_effect
cache_api_compat_flags no_cache_api_compat_flags
!python_workers_durable_objects
!streaming_tail_worker
urlpattern_standard urlpattern_original
enable_weak_ref disable_weak_ref
request_signal_passthrough no_request_signal_passthrough
enable_navigator_language disable_navigator_language
!enable_web_file_system
!enable_abortsignal_rpc
allow_eval_during_startup disallow_eval_during_startup
enable_request_signal disable_request_signal
!connect_pass_through
nonclass_entrypoint_reuses_ctx_across_invocations
bind_asynclocalstorage_snapshot_to_request
throw_on_unrecognized_import_assertion ignore_unrecognized_import_assertion
python_workflows disable_python_workflows
!unsupported_process_actual_platform
enable_nodejs_process_v2 disable_nodejs_process_v2
set_event_target_this no_set_event_target_this
set_forwardable_email_full_headers set_forwardable_email_single_headers
enable_nodejs_http_modules disable_nodejs_http_modules
pedantic_wpt non_pedantic_wpt
expose_global_message_channel no_expose_global_message_channel
enable_nodejs_http_server_modules disable_nodejs_http_server_modules
python_no_global_handlers disable_python_no_global_handlers
enable_nodejs_fs_module disable_nodejs_fs_module
enable_nodejs_os_module disable_nodejs_os_module
python_workers_force_new_vendor_path
remove_nodejs_compat_eol add_nodejs_compat_eol
enable_validate_workflow_entrypoint disable_validate_workflow_entrypoint
python_dedicated_snapshot disable_python_dedicated_snapshot
!typescript_strip_types
enable_nodejs_http2_module disable_nodejs_http2_module
!allow_insecure_inefficient_logged_eval
strip_authorization_on_cross_origin_redirect retain_authorization_on_cross_origin_redirect
enhanced_error_serialization legacy_error_serialization
enable_email_sending_queuing disable_email_sending_queuing
remove_nodejs_compat_eol_v22 add_nodejs_compat_eol_v22
remove_nodejs_compat_eol_v23 add_nodejs_compat_eol_v23
remove_nodejs_compat_eol_v24 add_nodejs_compat_eol_v24
enable_nodejs_console_module disable_nodejs_console_module
enable_nodejs_vm_module disable_nodejs_vm_module
enable_nodejs_perf_hooks_module disable_nodejs_perf_hooks_module
enable_global_performance_classes disable_global_performance_classes
enable_nodejs_domain_module disable_nodejs_domain_module
enable_nodejs_v8_module disable_nodejs_v8_module
enable_nodejs_tty_module disable_nodejs_tty_module
enable_nodejs_punycode_module disable_nodejs_punycode_module
enable_nodejs_cluster_module disable_nodejs_cluster_module
enable_nodejs_child_process_module disable_nodejs_child_process_module
enable_nodejs_worker_threads_module disable_nodejs_worker_threads_module
enable_nodejs_stream_wrap_module disable_nodejs_stream_wrap_module
enable_nodejs_wasi_module disable_nodejs_wasi_module
enable_nodejs_dgram_module disable_nodejs_dgram_module
enable_nodejs_inspector_module disable_nodejs_inspector_module
enable_nodejs_trace_events_module disable_nodejs_trace_events_module
enable_nodejs_readline_module disable_nodejs_readline_module
enable_nodejs_repl_module disable_nodejs_repl_module
enable_nodejs_sqlite_module disable_nodejs_sqlite_module
enable_ctx_exports disable_ctx_exports
enable_python_external_sdk disable_python_external_sdk
enable_fast_jsg_struct disable_fast_jsg_struct
!cache_reload_enabled cache_reload_disabled
enable_streams_nodejs_v24_compat disable_streams_nodejs_v24_compat
python_check_rng_state disable_python_check_rng_state
immutable_api_prototypes mutable_api_prototypes
fetch_iterable_type_support no_fetch_iterable_type_support
env_module_nullable_support no_env_module_nullable_support
!precise_timers no_precise_timers
fetch_iterable_type_support_override_adjustment no_fetch_iterable_type_support_override_adjustment
strip_bom_in_read_all_text do_not_strip_bom_in_read_all_text
allow_irrevocable_stub_storage
rpc_params_dup_stubs rpc_params_transfer_stubs
enable_nodejs_global_timers no_nodejs_global_timers
!streams_no_default_auto_allocate_chunk_size streams_auto_allocate_chunk_size_default
python_workflows_implicit_dependencies no_python_workflows_implicit_dependencies
require_returns_default_export require_returns_namespace
python_request_headers_preserve_commas disable_python_request_headers_preserve_commas
queue_expose_error_codes no_queue_expose_error_codes
text_decoder_replace_surrogates disable_text_decoder_replace_surrogates
containers_pid_namespace no_containers_pid_namespace
delete_all_deletes_alarm delete_all_preserves_alarm
unhandled_rejection_after_microtask_checkpoint no_unhandled_rejection_after_microtask_checkpoint
text_decoder_cjk_decoder disable_text_decoder_cjk_decoder
websocket_close_reason_byte_limit no_websocket_close_reason_byte_limit
!enable_version_api
websocket_standard_binary_type no_websocket_standard_binary_type
writable_stream_spec_compliant_writer no_writable_stream_spec_compliant_writer
encoder_stream_spec_compliant_backpressure no_encoder_stream_spec_compliant_backpressure
!spec_compliant_property_attributes no_spec_compliant_property_attributes
workflows_preserve_non_retryable_error_message workflows_replace_non_retryable_error_message
web_socket_auto_reply_to_close web_socket_manual_reply_to_close
!enable_ctx_version_metadata
no_resizable_array_buffer_in_blob resizable_array_buffer_in_blob
diagnostics_channel_has_subscribers_getter no_diagnostics_channel_has_subscribers_getter
!workflows_step_rollback
python_process_pth_files disable_python_process_pth_files
throw_on_not_implemented_tls_options no_throw_on_not_implemented_tls_options
auto_grpc_convert
python_workers_20260610 no_python_workers_20260610
!enable_nodejs_inspector_local_dev
!d1_binding_jsrpc
!workflows_bindings_rpc
!typescript_implemented_streams
!expose_draining_reader
workflows_enable_fast_engine_creation workflows_disable_fast_engine_creation
!wasm_memory_discard
python_workers_314 no_python_workers_314
spec_compliant_dispatch_exceptions no_spec_compliant_dispatch_exceptions
!auto_inject_python_workers no_auto_inject_python_workers
durable_object_io_tasks_prevent_eviction durable_object_io_tasks_do_not_prevent_eviction
webcrypto_modern_algorithms
wasm_esm_integration_builtins
pipe_to_backward_propagation no_pipe_to_backward_propagation
cache_option_preserves_cache_control cache_option_overrides_cache_control
!durable_object_snapshots
!connect_handler_starttls
!offpeak_location_hint
python_shared_standard_library
wasm_source_url_support no_wasm_source_url_support
temporal no_temporal
!python_zstd_snapshot
nodejs_process_version_24 no_nodejs_process_version_24
!r2_binding_jsrpc
!rpc_dispose_cancels_call
!expose_serialization_test_class
python_dedicated_snapshot_keep_import_caches no_python_dedicated_snapshot_keep_import_caches
`;

const experimental = { __proto__: null }; // flag -> true
const featureOf = { __proto__: null }; // flag -> its line's number, negative when it switches off
{
  let line = 0;
  for (const text of FEATURES.trim().split("\n")) {
    const [on, off] = text.replace("!", "").split(" ");
    line++;
    featureOf[on] = line;
    if (off !== undefined) featureOf[off] = -line;
    if (text[0] === "!") experimental[on] = true;
  }
}

// What compatibility dates begin with; workerd leaves to strptime() which days a month has.
const isDate = (date) => matches(/^2\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, date);

// The first of `unknown`, as workerd comes upon it: it takes the known ones out of a table, whose last entry then moves
// to the free place.
function firstUnknown(flags, known) {
  const table = arrayCopy(flags);
  for (let i = 0; i < known.length; i++) {
    const last = table[table.length - 1];
    for (let at = 0; at < table.length; at++) {
      if (table[at] !== known[i]) continue;
      table[at] = last;
      table.length--;
      break;
    }
  }
  return table.length === 0 ? undefined : table[0];
}

function checkCompatibility(date, flags, allowsExperimental) {
  if (!isDate(date)) throw new ErrorConstructor(`Invalid compatibility date: ${date}`);
  if (date > NEWEST_DATE)
    throw new ErrorConstructor(`This Worker requires compatibility date "${date}", but the newest date supported by this ` +
      `server binary is "${NEWEST_DATE}".`);
  if (flags.length !== 0) checkFlags(flags, allowsExperimental);
}

function checkFlags(flags, allowsExperimental) {
  const known = [], seen = { __proto__: null };
  for (let i = 0; i < flags.length; i++) {
    if (seen[flags[i]]) throw new ErrorConstructor(`Compatibility flag specified multiple times: ${flags[i]}`);
    seen[flags[i]] = true;
    if (featureOf[flags[i]] !== undefined) known[known.length] = flags[i];
  }
  const line = (flag) => MathMax(featureOf[flag], -featureOf[flag]);
  ArrayPrototypeSort(known, (a, b) => line(a) - line(b) || featureOf[b] - featureOf[a]);
  for (let i = 0; i < known.length; i++) {
    if (i + 1 < known.length && line(known[i]) === line(known[i + 1]))
      throw new ErrorConstructor(`Compatibility flags are mutually contradictory: ${known[i]} vs ${known[i + 1]}`);
    if (experimental[known[i]] && !allowsExperimental)
      throw new ErrorConstructor(`The compatibility flag ${known[i]} is experimental and may break or be removed in a ` +
        "future version of workerd. To use this flag, you must pass --experimental on the command line.");
  }
  const unknown = firstUnknown(flags, known);
  if (unknown !== undefined) throw new ErrorConstructor(`No such compatibility flag: ${unknown}`);
}
