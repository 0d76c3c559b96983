#!/bin/sh
# `make demo`: serves examples/hello, sends it programs it has never seen, prints what came back and how long it took.
# Needs curl. Environment: MAYFLY, the program (default: build/mayfly).
set -eu
cd "$(dirname "$0")/.."
mayfly=${MAYFLY:-build/mayfly}
dir=$(mktemp -d)
server=
: >"$dir/log"
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

"$mayfly" --version
"$mayfly" serve examples/hello --listen 127.0.0.1:0 2>"$dir/log" &
server=$!
url=
while [ -z "$url" ]; do
  url=$(sed -n 's/^mayfly: listening on //p' "$dir/log")
  kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
  [ -n "$url" ] || sleep 0.05
done
sed '/listening on/d' "$dir/log"
cat <<END
examples/hello runs at $url, and takes programs by POST. Each of these gets a sandbox
that did not exist before, 100 ms of processor time, 32 MB of memory and no network:

END

wrong=0
# send NAME EXPECTED: posts the program on standard input; the answer must contain EXPECTED
send() {
  cat >"$dir/program.js"
  time=$(curl -s -o "$dir/answer" -w '%{time_total}' --data-binary "@$dir/program.js" "$url/")
  answer=$(cat "$dir/answer")
  case $answer in *"$2"*) mark='  ' ;; *) mark='! ' wrong=$((wrong + 1)) ;; esac
  echo "$time" | awk -v mark="$mark" -v name="$1" '{ printf "%s%-22s %8.1f ms\n", mark, name, $1 * 1000 }'
  echo "$answer" | fold -s -w 92 | sed 's/^/      /'
}

send 'says hello' 'hello from' <<'END'
export default { fetch: (request, env) => new Response(env.GREETING + " from a Worker that nobody has read") };
END
send 'counts primes' '2262 primes' <<'END'
export default {
  fetch() {
    let found = 0;
    const sieve = new Uint8Array(20000);
    for (let i = 2; i < sieve.length; i++) {
      if (sieve[i]) continue;
      found++;
      for (let j = i * i; j < sieve.length; j += i) sieve[j] = 1;
    }
    return new Response(`${found} primes below ${sieve.length}`);
  },
};
END
send 'imports a module' 'true' <<'END'
import { isPrime } from "./math.js";
export default { fetch: () => Response.json({ "7919 is prime": isPrime(7919) }) };
END
send 'throws' 'TypeError' <<'END'
export default { fetch() { return null.toString(); } };
END
send 'does not parse' 'SyntaxError' <<'END'
export default { fetch() { return new Response("hello" };
END
send 'loops for ever' 'ExceededCpuError' <<'END'
export default { fetch() { for (;;) try { for (;;); } catch {} finally { continue; } } };
END
send 'eats memory' 'ExceededMemoryError' <<'END'
export default { fetch() { const eaten = []; for (;;) eaten.push(new Uint8Array(1 << 20).fill(1)); } };
END
send 'calls the internet' 'not permitted' <<'END'
export default { fetch: () => fetch("http://example.com/") };
END
send 'is fine afterwards' 'still here' <<'END'
export default { fetch: () => new Response("still here") };
END

runs=1000
echo 'export default { fetch: () => new Response("hello") };' >"$dir/program.js"
curl -s -o /dev/null -w '%{http_code} %{time_total}\n' --data-binary "@$dir/program.js" "$url/?run=[1-$runs]" >"$dir/times"
echo
awk -v runs=$runs '
  $1 == 200 { good++; sum += $2 }
  END { printf "%d new programs, each in a fresh sandbox, one after the other over HTTP: %d answered, %.2f ms each\n", runs, good, good ? sum / good * 1000 : 0
        exit good != runs }' "$dir/times" || wrong=$((wrong + 1))
[ $wrong -eq 0 ] || { echo "$wrong answers were not as expected; the server's log:" >&2; tail -n 40 "$dir/log" >&2; exit 1; }
