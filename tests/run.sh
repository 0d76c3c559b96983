#!/bin/sh
# Runs all tests, or with T=name those whose file or test name contains it, on build/$MODE, and prints one line for each
# file, the output of what failed, and at the end "N passed, N failed". Exit status 1 when one failed or none ran.
#   tests/unit, tests/redteam, tests/engine  programs in C (cmocka)
#   tests/fuzz                 the guest in C with sanitizers, its messages changed at random (fuzz/rpc_guest.c,
#                              fuzz/web_guest.c), or written by hand (fuzz/rpc_lies.c)
#   tests/conformance          Workers that print lines, compared with what workerd prints (conformance/run.mjs)
#   tests/npm                  programs from npm that check themselves (npm/run.mjs)
#   tests/guest                modules that `mayfly test` runs, of what workerd has not
#   tests/e2e                  node:test files that talk to a running `mayfly serve`
set -u
cd "$(dirname "$0")/.."
MODE=${MODE:-release}
T=${T:-}
bin=build/$MODE/mayfly
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0
export MAYFLY_BIN="$PWD/$bin"
# What was freed is kept aside for a while, 256 MiB of it unless said otherwise; tests look at how a process grows.
export ASAN_OPTIONS="detect_stack_use_after_return=0:quarantine_size_mb=8:${ASAN_OPTIONS:-}"

# A file takes part when T is empty, is in its name, or is in its text (then its tests are chosen by name).
wanted() {
  case $1 in *"$T"*) return 0 ;; esac
  grep -qF -- "$T" "$1"
}

# count FILE PASSED FAILED LOG: one line, and the log of what failed
count() {
  passed=$((passed + $2)) failed=$((failed + $3))
  if [ "$3" -eq 0 ]; then
    printf 'ok    %-46s %4d passed\n' "$1" "$2"
  else
    printf 'FAIL  %-46s %4d passed, %d failed\n' "$1" "$2" "$3"
    sed 's/^/      | /' "$4"
  fi
}

last_number() { # PATTERN LOG: the number in the last line that matches
  sed -n "s/$1/\\1/p" "$2" | tail -n 1
}

run_program() { # SOURCE
  program=build/$MODE/tests/$(basename "$1" .c)
  wanted "$1" || return 0
  "$program" >"$out/log" 2>&1
  status=$?
  good=$(last_number '^\[  PASSED  \] \([0-9]*\) test.*' "$out/log")
  bad=$(last_number '^\[  FAILED  \] \([0-9]*\) test.*' "$out/log")
  if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
    bad=1
    echo "ended with status $status" >>"$out/log"
  elif [ "${good:-0}" -eq 0 ] && [ "${bad:-0}" -eq 0 ]; then
    bad=1
    echo "ran no test" >>"$out/log"
  fi
  grep -v '^\[ RUN  \|^\[       OK' "$out/log" >"$out/shown"
  count "$1" "${good:-0}" "${bad:-0}" "$out/shown"
}

build_programs() { # MAKEFILE TARGET DIRECTORY
  [ -f "$1" ] || return 0
  if ! make --no-print-directory -f "$1" MODE="$MODE" "$2" >"$out/make" 2>&1; then
    count "$1" 0 1 "$out/make"
    return 0
  fi
  for source in "$3"/test_*.c; do
    [ -f "$source" ] && run_program "$source"
  done
}

# PROGRAM ARGUMENTS…: of tests/fuzz; false: it does not take part, or does not build. What it says is in the log.
run_fuzz_program() {
  wanted "tests/fuzz/$1.c" || return 1
  if ! make --no-print-directory -f tests/fuzz/fuzz.mk MODE="$MODE" fuzz-programs >"$out/make" 2>&1; then
    count "tests/fuzz/$1.c" 0 1 "$out/make"
    return 1
  fi
  program=$1
  shift
  ASAN_OPTIONS="detect_leaks=0:$ASAN_OPTIONS" UBSAN_OPTIONS=halt_on_error=1 "build/fuzz/$program" "$@" >"$out/log" 2>&1
  status=$?
}

run_fuzz() { # PROGRAM ARGUMENTS…: its last line is "N rounds, M failed; …"
  run_fuzz_program "$@" || return 0
  good=$(last_number '^\([0-9]*\) rounds, .*' "$out/log")
  bad=$(last_number '^[0-9]* rounds, \([0-9]*\) failed.*' "$out/log")
  [ "$status" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
  count "tests/fuzz/$program.c" "$((${good:-0} - ${bad:-0} > 0 ? 1 : 0))" "${bad:-0}" "$out/log"
}

run_lies() { # PROGRAM ARGUMENTS…: its last line is "N passed, N failed"
  run_fuzz_program "$@" || return 0
  count_checks "$status" "tests/fuzz/$program.c"
}

count_checks() { # STATUS FILE: what the log's last line says
  good=$(last_number '^\([0-9]*\) passed, [0-9]* failed$' "$out/log")
  bad=$(last_number '^[0-9]* passed, \([0-9]*\) failed$' "$out/log")
  [ "$1" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
  count "$2" "${good:-0}" "${bad:-0}" "$out/log"
}

run_checks() { # RUNNER FILE: a program whose last line is "N passed, N failed"
  node "$1" "$2" >"$out/log" 2>&1
  count_checks $? "$2"
}

run_tests() { # FILE: as run_checks, by `mayfly test`
  "$bin" test "$1" >"$out/log" 2>&1
  count_checks $? "$1"
}

run_node() { # FILE
  pattern=
  case $1 in *"$T"*) ;; *) pattern=--test-name-pattern=$T ;; esac
  node --test-reporter=tap ${pattern:+"$pattern"} "$1" >"$out/log" 2>&1
  status=$?
  good=$(last_number '^# pass \([0-9]*\)$' "$out/log")
  bad=$(last_number '^# fail \([0-9]*\)$' "$out/log")
  cancelled=$(last_number '^# cancelled \([0-9]*\)$' "$out/log")
  bad=$((${bad:-0} + ${cancelled:-0}))
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
    cp "$out/log" "$out/shown"
  else
    awk '/^ *not ok/ { show = 1 } show; /^ *\.\.\.$/ { show = 0 }' "$out/log" >"$out/shown"
  fi
  count "$1" "${good:-0}" "$bad" "$out/shown"
}

build_programs tests/unit/unit.mk unit-tests tests/unit
build_programs tests/redteam/redteam.mk redteam-tests tests/redteam
build_programs tests/engine/engine.mk engine-tests tests/engine
run_fuzz rpc_guest build/guest/platform.js tests/fuzz/rpc_worker.js $((300 * ${FUZZ_ROUNDS:-1}))
run_lies rpc_lies build/guest/platform.js tests/fuzz/lies_worker.js
run_fuzz web_guest build/guest/platform.js tests/fuzz/web_worker.js $((150 * ${FUZZ_ROUNDS:-1}))
for file in tests/conformance/*/*.js; do
  wanted "$file" && run_checks tests/conformance/run.mjs "$file"
done
for file in tests/npm/workers/*.js; do
  wanted "$file" && run_checks tests/npm/run.mjs "$file"
done
for file in tests/guest/*.test.js; do
  [ -f "$file" ] && wanted "$file" && run_tests "$file"
done
for file in tests/e2e/*.test.mjs; do
  [ -f "$file" ] && wanted "$file" && run_node "$file"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
