/** One small vocabulary, learnt here, in all the files that a vocabulary comes in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { learnVocabulary } from './oracle.ts';

/** Sentences to learn from; any would do. */
const TEXTS = [
  "the quick brown fox jumps over the lazy dog, and the dog's friends don't mind",
  "a photo of a small cat; it's the cat that we've seen, they'll say, if I'd only known",
  'the theatre there, these three thieves, another brother, bothersome mothers',
  'café crème brûlée, naïve façade, schöne grüße, größe, ΟΔΥΣΣΕΥΣ οδός, 東京 東京都, кот и кошка',
  '2024 was 100 times 3.14 and 42 !!! ... ??? -- #hashtag @someone http://example.com/a/b',
  '😀😀 👩‍👩‍👧 ❤️ banana ananas bananas aaaa aaaaaa abababab',
];

/** The vocabulary of the tests: 512 bytes, 300 merges, 2 special tokens. */
export const VOCABULARY = learnVocabulary(TEXTS, 300);

/** Words to make random texts of. */
export const WORDS = TEXTS.flatMap((text) => text.split(' '));

const PATTERN =
  "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** @returns the vocabulary as a hub tokenizer.json, parsed */
export function makeTokenizerJson(): Record<string, unknown> {
  const start = VOCABULARY.tokens.length - 2;
  const names = [...VOCABULARY.tokens.slice(0, start), '<|startoftext|>', '<|endoftext|>'];
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      { id: start, content: '<|startoftext|>', ...special },
      { id: start + 1, content: '<|endoftext|>', ...special },
    ],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PATTERN }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['<|endoftext|>', start + 1],
      cls: ['<|startoftext|>', start],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<|endoftext|>',
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab: Object.fromEntries(names.map((name, id) => [name, id])),
      merges: VOCABULARY.merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

/** The forms, each written into an empty folder. */
export const FORMS: Readonly<Record<string, (folder: string) => void>> = {
  'tokenizer.json': (folder) => {
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(makeTokenizerJson()));
  },
  'tokenizer.json with merges as pairs': (folder) => {
    const json = makeTokenizerJson();
    const model = { ...(json['model'] as object), merges: VOCABULARY.merges };
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...json, model }));
  },
  'vocab.json and merges.txt': (folder) => {
    const { vocab } = makeTokenizerJson()['model'] as { vocab: object };
    writeFileSync(join(folder, 'vocab.json'), JSON.stringify(vocab));
    const lines = VOCABULARY.merges.map(([left, right]) => `${left} ${right}`);
    writeFileSync(join(folder, 'merges.txt'), ['#version: 0.2', ...lines, ''].join('\n'));
  },
  'bpe_simple_vocab_16e6.txt.gz': (folder) => {
    writeFileSync(join(folder, 'bpe_simple_vocab_16e6.txt.gz'), gzipSync(simpleText()));
  },
  'bpe_simple_vocab_16e6.txt': (folder) => {
    writeFileSync(join(folder, 'bpe_simple_vocab_16e6.txt'), simpleText());
  },
};

function simpleText(): string {
  const lines = VOCABULARY.merges.map(([left, right]) => `${left} ${right}`);
  return ['"bpe_simple_vocab_16e6.txt#version: 0.2', ...lines, ''].join('\n');
}
