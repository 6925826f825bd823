import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { LanguageIdentifier } from '../../../src/curation/language/identify-language.ts';
import { shareLidModel } from '../../../src/curation/language/lid-memory.ts';
import { openLidModel, readLidModel } from '../../../src/curation/language/lid-model.ts';
import { loadFastTextOracle } from '../../helpers/fasttext-oracle.ts';
import type { FastTextOracle } from '../../helpers/fasttext-oracle.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';
import { namesInManyLanguages, SENTENCES } from './language-texts.ts';

const encoder = new TextEncoder();
const identifier = new LanguageIdentifier(openLidModel(readLidModel()));
const byKernel = LanguageIdentifier.open(shareLidModel(readLidModel()));
let oracle: FastTextOracle;

before(async () => {
  oracle = await loadFastTextOracle();
});

/** Line feeds as spaces: fastText stops at the first one, we don't. */
function asOneLine(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 10 ? 32 : byte));
}

/** Same label, same probability to the last bit, and the English question answered alike around that probability. */
function assertAgreement(text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? encoder.encode(text) : text;
  const expected = oracle.predict(asOneLine(bytes));
  const about = JSON.stringify(typeof text === 'string' ? text.slice(0, 200) : [...text.slice(0, 200)]);
  // Between other texts, as in a batch.
  const batch = Buffer.concat([Buffer.from([0x78, 0xbf]), bytes, Buffer.from([0xbf, 0x78])]);
  byKernel.takeTexts(batch);
  for (const [asked, source, start] of [
    [identifier, bytes, 0],
    [byKernel, batch, 2],
  ] as const) {
    const end = start + bytes.length;
    const label = asked.labels[asked.identify(source, start, end)];
    const { probability } = asked;
    assert.deepEqual({ label, probability }, expected, about);
    for (const threshold of [0, 0.5, probability - 1e-7, probability, probability + 1e-7]) {
      assert.equal(
        asked.isEnglish(source, start, end, threshold),
        label === 'en' && probability >= threshold,
        `isEnglish at ${threshold} of ${about}`,
      );
    }
  }
}

describe('agreement with fastText', () => {
  it('on the reference captions', { skip: skipWithoutReference }, () => {
    const lines = gunzipSync(readFileSync(referencePath('captions/captions.jsonl.gz')))
      .toString()
      .trimEnd();
    const texts = lines.split('\n').map((line) => String((JSON.parse(line) as { text: unknown }).text));
    assert.equal(texts.length, 29_824);
    for (const text of texts) assertAgreement(text);
  });

  it('on names in a hundred languages', () => {
    const texts = namesInManyLanguages();
    assert.ok(texts.length > 500, `${texts.length} texts`);
    for (const text of texts) assertAgreement(text);
    assertAgreement(texts.join(' '));
  });

  for (const [expected, text] of SENTENCES) {
    it(`on a sentence in ${expected}`, () => {
      assertAgreement(text);
      const bytes = encoder.encode(text);
      assert.equal(identifier.labels[identifier.identify(bytes, 0, bytes.length)], expected);
      // Every prefix: cut words, cut characters, falling confidence.
      for (let end = 0; end < bytes.length; end++) assertAgreement(bytes.subarray(0, end));
    });
  }

  const odd: readonly (readonly [name: string, text: string | Uint8Array])[] = [
    ['nothing', ''],
    ['spaces only', '    '],
    ['every separator', 'a\tb\vc\fd\re f\0g'],
    ['separators at both ends', '\0\t the cat \r\f'],
    ['control characters that separate nothing', 'the\x01cat\x1fsat\x7f\x08here'],
    ['a no-break space and other Unicode spaces', 'the\u00a0cat\u2003sat\u3000here\ufeff'],
    ['one letter', 'a'],
    ['digits', '1234567890 3.14 2026-11-23'],
    ['punctuation', '!!! ... --- <> < > << >> </ /s>'],
    ['emoji', '😀 👩‍👩‍👧‍👦 🇩🇪 ❤️'],
    ['the end-of-line word in the middle', 'the cat </s> sat auf der Matte'],
    ['the end-of-line word first', '</s> the cat'],
    ['nearly the end-of-line word', '</S> </s>x x</s> </s'],
    ['a label of the model', 'chat noir __label__en sur la table'],
    ['a label unknown to the model', '__label__nowhere ein Haus'],
    ['labels only', '__label__en __label__de'],
    ['nearly a label', '__label_ _ __label__'],
    ['an astral character alone', '\u{1f431}'],
    ['a lone surrogate', 'cat \ud83d cat'],
    ['a word of 10 kB', 'x'.repeat(10_000)],
    ['a word of 10 kB in three-byte characters', '猫'.repeat(3_334)],
    ['long words between short ones', `the ${'ab'.repeat(5_000)} cat ${'é'.repeat(700)} sat`],
    ['50,000 words', 'the cat '.repeat(25_000)],
    ['a lone continuation byte', Uint8Array.of(0x80)],
    ['continuation bytes only', new Uint8Array(40).fill(0xbf)],
    [
      'a word that begins with continuation bytes',
      Uint8Array.of(0x82, 0x83, 0x61, 0x62, 0x20, 0x63, 0x80, 0x80),
    ],
    ['a cut character at the end', Uint8Array.of(0x63, 0x61, 0x74, 0xe7, 0x8c)],
    ['bytes that UTF-8 never has', Uint8Array.of(0xff, 0xfe, 0xc0, 0xc1, 0xf8, 0x20, 0xff)],
  ];
  for (const [name, text] of odd) {
    it(`on ${name}`, () => {
      assertAgreement(text);
    });
  }

  it('on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        assertAgreement(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('on words of many languages in any mixture', () => {
    const words = SENTENCES.flatMap(([, text]) => text.split(' '));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 }), (chosen) => {
        assertAgreement(chosen.join(' '));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('LanguageIdentifier', () => {
  it('separates words at line feeds, where fastText would stop', () => {
    const lines = encoder.encode('Ein kleiner Hund\nschläft unter dem Tisch');
    const spaced = encoder.encode('Ein kleiner Hund schläft unter dem Tisch');
    identifier.identify(lines, 0, lines.length);
    const probability = identifier.probability;
    identifier.identify(spaced, 0, spaced.length);
    assert.equal(probability, identifier.probability);
  });

  it('reads only its range of a larger buffer', () => {
    const whole = encoder.encode('собака спит A small brown dog sleeps. 一只棕色的小狗');
    const start = encoder.encode('собака спит ').length;
    const alone = encoder.encode('A small brown dog sleeps.');
    const label = identifier.identify(whole, start, start + alone.length);
    const { probability } = identifier;
    assert.equal(identifier.labels[label], 'en');
    identifier.identify(alone, 0, alone.length);
    assert.equal(probability, identifier.probability);
    assert.equal(identifier.isEnglish(whole, start, start + alone.length, probability), true);
  });

  it('answers the empty text as fastText does: en at an eighth', () => {
    assert.equal(identifier.labels[identifier.identify(new Uint8Array(0), 0, 0)], 'en');
    assert.ok(Math.abs(identifier.probability - 0.125) < 0.001, String(identifier.probability));
  });

  it('gives the probability of English after isEnglish, whatever the answer', () => {
    const bytes = encoder.encode('Ein kleiner brauner Hund schläft unter dem Küchentisch.');
    assert.equal(identifier.isEnglish(bytes, 0, bytes.length), false);
    assert.ok(identifier.probability < 0.1);
  });

  it('has no probability before the first text', () => {
    assert.ok(Number.isNaN(new LanguageIdentifier(openLidModel(readLidModel())).probability));
  });
});
