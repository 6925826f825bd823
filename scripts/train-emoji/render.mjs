// Fetches the artwork and renders it: WORK/SET.rgba (one 96 x 96 picture of RGBA bytes per row) and
// WORK/emoji.json (the emojis' names, keywords and groups, and for each set which emoji a row shows).
//
//   node scripts/train-emoji/render.mjs WORK
//
// A picture is trimmed to what is drawn, scaled to 68 pixels on its longer side and centred. The inner
// 72 x 72 pixels on white are what a PNG file of the evaluation holds; the rim is room for shifts.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { SETS, WORDS } from './artwork.mjs';

const CANVAS = 96;
const DRAWN = 68;
const work = process.argv[2];
if (work === undefined) throw new Error('usage: node scripts/train-emoji/render.mjs WORK');

mkdirSync(work, { recursive: true });
writeFileSync(join(work, 'package.json'), '{"private":true}\n');
const packages = [...SETS.map((set) => `@iconify-json/${set.prefix}@${set.version}`), ...WORDS];
execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], {
  cwd: work,
  stdio: 'inherit',
});

const read = (path) => JSON.parse(readFileSync(join(work, 'node_modules', path), 'utf8'));
const SKIN = /1f3f[b-f]/;
const REGION = /1f1[ef]/;
/** A key names an emoji whatever its variation selectors. */
const keyOf = (emoji) =>
  [...emoji]
    .map((character) => character.codePointAt(0).toString(16))
    .filter((code) => code !== 'fe0f')
    .join('-');
const dashed = (name) =>
  name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

// Skin tones, flags and sequences of persons (family, profession, gender) are left out: they differ
// from their base by a colour or a detail that 48 pixels do not show.
const keywords = read('emojilib/dist/emoji-en-US.json');
const emojis = [];
const indexOf = new Map();
const keyOfName = new Map();
for (const [emoji, { name, group }] of Object.entries(read('unicode-emoji-json/data-by-emoji.json'))) {
  const key = keyOf(emoji);
  keyOfName.set(dashed(name), key);
  if (SKIN.test(key) || REGION.test(key) || key.includes('e0067')) continue;
  if (key.includes('200d') && /1f46[89]|1f9d1|2640|2642/.test(key)) continue;
  const words = (keywords[emoji] ?? []).map((word) => word.replaceAll('_', ' ').toLowerCase());
  indexOf.set(key, emojis.length);
  emojis.push({
    emoji,
    name: name.toLowerCase(),
    group,
    keywords: words.filter((word) => /^[a-z][a-z -]+$/.test(word)),
  });
}

// Sets without a table of characters (`chars.json`) are read by the names that the other sets give.
const loaded = SETS.map((set) => ({
  ...set,
  icons: read(`@iconify-json/${set.prefix}/icons.json`),
  chars: Object.entries(read(`@iconify-json/${set.prefix}/chars.json`)),
}));
for (const { chars } of loaded) {
  for (const [code, name] of chars) {
    if (!keyOfName.has(name)) keyOfName.set(name, code.replace(/-?fe0f/g, ''));
  }
}
for (const { icons } of loaded) {
  for (const [name, { parent }] of Object.entries(icons.aliases ?? {})) {
    const key = keyOfName.get(parent);
    const other = keyOfName.get(name);
    if (key === undefined && other !== undefined) keyOfName.set(parent, other);
    if (key !== undefined && other === undefined) keyOfName.set(name, key);
  }
}
const keyOfSqueezed = new Map([...keyOfName].map(([name, key]) => [name.replaceAll('-', ''), key]));

async function render(icons, name) {
  const { body, left = 0, top = 0, width = icons.width, height = icons.height } = icons.icons[name];
  const size = `viewBox="${left} ${top} ${width} ${height}" width="256" height="256"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>${body}</svg>`;
  const { data, info } = await sharp(Buffer.from(svg))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const box = { left: info.width, top: info.height, right: -1, bottom: -1 };
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      if (data[(y * info.width + x) * 4 + 3] < 16) continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
  }
  if (box.right < 0) return undefined;
  const drawn = {
    left: box.left,
    top: box.top,
    width: box.right - box.left + 1,
    height: box.bottom - box.top + 1,
  };
  const scale = DRAWN / Math.max(drawn.width, drawn.height);
  const w = Math.max(1, Math.round(drawn.width * scale));
  const h = Math.max(1, Math.round(drawn.height * scale));
  const x = Math.floor((CANVAS - w) / 2);
  const y = Math.floor((CANVAS - h) / 2);
  return await sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .extract(drawn)
    .resize(w, h, { fit: 'fill', kernel: 'cubic' })
    .extend({
      left: x,
      top: y,
      right: CANVAS - w - x,
      bottom: CANVAS - h - y,
      background: { r: 0, g: 0, b: 0, alpha: 0 },
    })
    .raw()
    .toBuffer();
}

const sets = [];
for (const { prefix, role, icons, chars } of loaded) {
  const known = new Map(chars.map(([code, name]) => [name, code.replace(/-?fe0f/g, '')]));
  const pictures = [];
  const rows = [];
  for (const name of Object.keys(icons.icons)) {
    const key = known.get(name) ?? keyOfName.get(name) ?? keyOfSqueezed.get(name.replaceAll('-', ''));
    const index = key === undefined ? undefined : indexOf.get(key);
    if (index === undefined || rows.includes(index)) continue;
    const picture = await render(icons, name);
    if (picture === undefined) continue;
    pictures.push(picture);
    rows.push(index);
  }
  writeFileSync(join(work, `${prefix}.rgba`), Buffer.concat(pictures));
  sets.push({ prefix, role, rows });
  console.log(`${prefix}: ${rows.length} pictures`);
}
writeFileSync(join(work, 'emoji.json'), JSON.stringify({ canvas: CANVAS, emojis, sets }));
