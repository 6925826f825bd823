import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripText } from '../../../src/curation/sources/strip-text.ts';

// The 29 code points for which Python's str.isspace() is true.
const PYTHON_SPACES = [
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002,
  0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
];

test('exactly the white space of Python is stripped, of all units of the basic plane', () => {
  const stripped: number[] = [];
  for (let unit = 0; unit <= 0xffff; unit++) {
    const char = String.fromCharCode(unit);
    const got = stripText(`${char}a${char}b${char}`);
    assert.ok(got === `a${char}b` || got === `${char}a${char}b${char}`);
    if (got === `a${char}b`) stripped.push(unit);
  }
  assert.deepEqual(stripped, PYTHON_SPACES);
});

test('only white space gives the empty string, a clean text itself', () => {
  assert.equal(stripText(' \t\u3000\n'), '');
  assert.equal(stripText(''), '');
  assert.equal(stripText('a  b'), 'a  b');
});
