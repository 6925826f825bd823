// The artwork that the emoji model is trained, chosen and measured on: pinned npm packages of SVG
// icons. They are fetched into a work folder and are no dependencies of the project.

/**
 * Artwork sets by role: `train` is learnt from, `choose` compares runs, `test` was read once for each published training, `last`
 * not before the weights that are published now. The names measured are those of the first three.
 */
export const SETS = [
  { prefix: 'noto', version: '1.2.9', role: 'train' },
  { prefix: 'noto-v1', version: '1.2.5', role: 'train' },
  { prefix: 'fxemoji', version: '1.2.2', role: 'train' },
  { prefix: 'fluent-emoji', version: '1.2.7', role: 'train' },
  { prefix: 'fluent-emoji-flat', version: '1.2.6', role: 'train' },
  { prefix: 'twemoji', version: '1.2.5', role: 'train' },
  { prefix: 'openmoji', version: '1.2.29', role: 'choose' },
  { prefix: 'emojione-v1', version: '1.2.3', role: 'test' },
  { prefix: 'emojione', version: '1.2.3', role: 'last' },
];

/** Names, groups and keywords of the emojis. */
export const WORDS = ['unicode-emoji-json@0.9.0', 'emojilib@4.0.3'];
