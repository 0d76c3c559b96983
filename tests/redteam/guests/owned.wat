;; owned.wat: a guest that does whatever it is told: the engine with an attacker in charge. Same imports and exports as
;; the real one (src/guest/abi.h). A turn is given records of four u32: operation, a, b, c. Operations:
;;    0 nothing                                  10 wake(a)
;;    1 write to every page of memory            11 loop for ever
;;    2 grow by a, note the result               12 call random and now for ever
;;    3 load at a + 0xffffffff                   13 unreachable
;;    4 store at a + 0xffffffff                  14 divide by zero
;;    5 call table entry a as () -> ()           15 send what is noted, 4 bytes, as a LOG frame
;;    6 recurse for ever                         16 store b at a
;;    7 store b at a, c times, 4096 apart        17 note the value at a
;;    8 send(a, b)                               18 recurse for ever and call random at every level
;;    9 random(a, b)                             19 memory.fill(a, 0xEE, b)
;;                                               20 b pseudo-random stores, seed a
;;                                               21 call table entry a as (i64) -> i64
;;                                               22 recurse for ever with frames of 32 KiB
;;                                               23 crypto(a), note what it answers
;;                                               24 crypto(a) for ever
;; The word at 64 is what room() answers; at 68 is the noted word; a LOG frame with one byte of level and 4 of text is
;; made at 80.
(module
  (import "mayfly" "send" (func $send (param i32 i32)))
  (import "mayfly" "now" (func $now (result f64)))
  (import "mayfly" "random" (func $random (param i32 i32)))
  (import "mayfly" "wake" (func $wake (param f64)))
  (import "mayfly" "crypto" (func $crypto (param i32) (result i32)))
  (memory (export "memory") 40 65536)
  (global $sp (export "__stack_pointer") (mut i32) (i32.const 0)) ;; it has no stack
  (type $plain (func))
  (type $wide (func (param i64) (result i64)))
  (table 8 8 funcref)
  (elem (i32.const 1) $nothing $double)
  (data (i32.const 64) "\00\00\01\00")

  (func $nothing (type $plain))
  (func $double (type $wide) (i64.add (local.get 0) (local.get 0)))

  (func (export "_initialize"))
  ;; something in every third page, so that the image has both bytes and holes
  (func (export "boot") (param i32 i32) (result i32)
    (local $p i32)
    (loop $again
      (i32.store (i32.add (i32.const 2048) (local.get $p)) (i32.add (local.get $p) (i32.const 0x1234567)))
      (local.set $p (i32.add (local.get $p) (i32.const 12288)))
      (br_if $again (i32.lt_u (local.get $p) (i32.const 2600000))))
    (i32.const 0))
  (func (export "room") (param i32) (result i32) (i32.load (i32.const 64)))
  (func (export "hash_seed") (result i32) (i32.const 0))

  (func $bytes (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func $every_page
    (local $p i32)
    (loop $again
      (i32.store8 (i32.add (local.get $p) (i32.const 100)) (i32.const 0xA5))
      (i32.store8 (i32.add (local.get $p) (i32.const 4095)) (i32.const 0x5A))
      (local.set $p (i32.add (local.get $p) (i32.const 4096)))
      (br_if $again (i32.lt_u (local.get $p) (call $bytes)))))
  ;; the store after the call keeps the C compiler from making a loop of it
  (func $recurse (param i32) (result i32)
    (local $deeper i32)
    (local.set $deeper (call $recurse (i32.add (local.get 0) (i32.const 1))))
    (i32.store (i32.const 1024) (local.get $deeper))
    (i32.mul (local.get $deeper) (local.get 0)))
  (func $recurse_random (param i32) (result i32)
    (call $random (i32.const 1024) (i32.const 8))
    (i32.add (call $recurse_random (i32.add (local.get 0) (i32.const 1))) (i32.load (i32.const 1024))))
  (func $stride (param $at i32) (param $value i32) (param $count i32)
    (loop $again
      (if (local.get $count) (then
        (i32.store (local.get $at) (local.get $value))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $again)))))
  (func $scatter (param $seed i32) (param $count i32)
    (loop $again
      (if (local.get $count) (then
        (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
        ;; above the first page, which has the records and the words at 64 and 68
        (i32.store8
          (i32.add (i32.const 131072)
            (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 4)) (i32.sub (call $bytes) (i32.const 131080))))
          (local.get $seed))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $again)))))
  (func $tell
    (i32.store (i32.const 80) (i32.const 5))      ;; length
    (i32.store (i32.const 84) (i32.const 17))     ;; LOG
    (i64.store (i32.const 88) (i64.const 0x77777777)) ;; isolate: a lie, stamped over
    (i32.store8 (i32.const 96) (i32.const 1))
    (i32.store (i32.const 97) (i32.load (i32.const 68)))
    (call $send (i32.const 80) (i32.const 21)))
  (func $note (param i32) (i32.store (i32.const 68) (local.get 0)))

  ;; HUGE

  (func $do (param $op i32) (param $a i32) (param $b i32) (param $c i32)
    (block $b24 (block $b23 (block $b22 (block $b21 (block $b20 (block $b19 (block $b18 (block $b17 (block $b16 (block $b15 (block $b14 (block $b13
    (block $b12 (block $b11 (block $b10 (block $b9 (block $b8 (block $b7 (block $b6 (block $b5 (block $b4 (block $b3
    (block $b2 (block $b1 (block $b0
      (br_table $b0 $b1 $b2 $b3 $b4 $b5 $b6 $b7 $b8 $b9 $b10 $b11 $b12 $b13 $b14 $b15 $b16 $b17 $b18 $b19 $b20 $b21 $b22 $b23 $b24 $b0
        (local.get $op)))
      (return))
      (call $every_page) (return))
      (call $note (memory.grow (local.get $a))) (return))
      (call $note (i32.load offset=0xffffffff (local.get $a))) (return))
      (i32.store offset=0xffffffff (local.get $a) (i32.const 1)) (return))
      (call_indirect (type $plain) (local.get $a)) (return))
      (call $note (call $recurse (i32.const 0))) (return))
      (call $stride (local.get $a) (local.get $b) (local.get $c)) (return))
      (call $send (local.get $a) (local.get $b)) (return))
      (call $random (local.get $a) (local.get $b)) (return))
      (call $wake (f64.convert_i32_u (local.get $a))) (return))
      (loop $for_ever (br $for_ever)) (return))
      (loop $for_ever
        (call $random (i32.const 1024) (i32.const 16))
        (f64.store (i32.const 1040) (call $now))
        (br $for_ever))
      (return))
      (unreachable))
      (call $note (i32.div_u (i32.const 1) (local.get $a))) (return))
      (call $tell) (return))
      (i32.store (local.get $a) (local.get $b)) (return))
      (call $note (i32.load (local.get $a))) (return))
      (call $note (call $recurse_random (i32.const 0))) (return))
      (memory.fill (local.get $a) (i32.const 0xEE) (local.get $b)) (return))
      (call $scatter (local.get $a) (local.get $b)) (return))
    (call $note (i32.wrap_i64 (call_indirect (type $wide) (i64.const 21) (local.get $a)))) (return))
    (call $huge (i32.const 0)) (return))
      (call $note (call $crypto (local.get $a))) (return))
      (loop $for_ever (drop (call $crypto (local.get $a))) (br $for_ever)))

  (func (export "turn") (param $at i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (loop $again
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (call $do (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)) (i32.load offset=8 (local.get $at))
          (i32.load offset=12 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $again))))))
