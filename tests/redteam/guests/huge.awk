# huge.awk: puts in place of ";; HUGE" a function whose frame in the translated C is over 32 KiB: 4096 locals that live
# across a call of itself. Operation 22 of owned.wat.
/^ *;; HUGE$/ {
  n = 4096
  print "  (func $huge (param i32) (local"
  for (i = 0; i < n; i++) printf " i64"
  print ")"
  for (i = 1; i <= n; i++) printf "    (local.set %d (i64.load offset=%d (local.get 0)))\n", i, 65536 + i * 8
  print "    (call $huge (i32.add (local.get 0) (i32.const 8)))"
  for (i = 1; i <= n; i++) printf "    (i64.store offset=%d (local.get 0) (local.get %d))\n", 65536 + i * 8, i
  print "  )"
  next
}
{ print }
