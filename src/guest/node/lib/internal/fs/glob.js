// Patterns of path.matchesGlob(): *, **, ?, [...] and {a,b}.
'use strict';

const { RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeSplit } = primordials;
const { validateString } = require('internal/validators');

// The alternatives of the first braces, each with what is around it.
function alternatives(pattern) {
  const open = StringPrototypeIndexOf(pattern, '{');
  if (open < 0) return [pattern];
  let depth = 0, from = open + 1;
  const inside = [];
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '{') depth++;
    else if (pattern[i] === '}') depth--;
    if ((depth === 1 && pattern[i] === ',') || depth === 0) {
      inside.push(StringPrototypeSlice(pattern, from, i));
      from = i + 1;
    }
    if (depth > 0) continue;
    const head = StringPrototypeSlice(pattern, 0, open), tail = StringPrototypeSlice(pattern, i + 1);
    return inside.flatMap((each) => alternatives(`${head}${each}${tail}`));
  }
  return [pattern];
}

function sourceOfPart(part) {
  let source = part[0] === '.' ? '' : '(?!\\.)';
  for (let i = 0; i < part.length; i++) {
    const c = part[i];
    const close = c === '[' ? StringPrototypeIndexOf(part, ']', i + 2) : -1;
    if (c === '*') source += '[^/]*?';
    else if (c === '?') source += '[^/]';
    else if (close > 0) {
      const set = StringPrototypeSlice(part, i + 1, close);
      source += set[0] === '!' ? `[^/${StringPrototypeSlice(set, 1)}]` : `[${set}]`;
      i = close;
    } else source += /[\w/]/.test(c) ? c : `\\${c}`;
  }
  return source;
}

function matchOne(parts, pattern, p = 0, q = 0) {
  for (; q < pattern.length; p++, q++) {
    if (pattern[q] === '**') {
      for (let skip = p; skip <= parts.length; skip++) {
        if (matchOne(parts, pattern, skip, q + 1)) return true;
        if (parts[skip]?.[0] === '.') return false;
      }
      return false;
    }
    if (p >= parts.length || RegExpPrototypeExec(new RegExp(`^${sourceOfPart(pattern[q])}$`), parts[p]) === null) return false;
  }
  return p === parts.length;
}

function matchGlobPattern(path, pattern, windows = false) {
  validateString(path, 'path');
  validateString(pattern, 'pattern');
  const parts = StringPrototypeSplit(windows ? path.replaceAll('\\', '/') : path, '/');
  return alternatives(pattern).some((each) => matchOne(parts, StringPrototypeSplit(each, '/')));
}

module.exports = { matchGlobPattern };
