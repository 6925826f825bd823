/** What is refused, with which words; and what is told of an image beside its pixels. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { MetaclipError, type ErrorCode } from '../../../src/common/errors.ts';
import { CHANNELS, decodeImage, type DecodeOptions } from '../../../src/model/preprocess/decode-image.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { IMAGES } from './image-jobs.ts';

const pathOf = (name: string): string => IMAGES.get(name) ?? assert.fail(name);
const bytesOf = (name: string): Buffer => readFileSync(pathOf(name));

async function refusalOf(source: string | Uint8Array, options?: DecodeOptions): Promise<MetaclipError> {
  try {
    await decodeImage(source, options);
  } catch (error) {
    assert.ok(error instanceof MetaclipError, String(error));
    assert.ok(error.hint !== undefined && error.hint.length > 10, error.message);
    return error;
  }
  return assert.fail('nothing was thrown');
}

/** The head of a PNG of a given size, and hardly any pixels. */
function pngOfSize(width: number, height: number): Buffer {
  const header = Buffer.from('IHDR0123456789abc', 'latin1');
  header.writeUInt32BE(width, 4);
  header.writeUInt32BE(height, 8);
  header.set([8, 2, 0, 0, 0], 12);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(header));
  const length = Buffer.of(0, 0, 0, 13);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const pixels = bytesOf('rgb.png').subarray(33);
  return Buffer.concat([signature, length, header, checksum, pixels]);
}

/** One byte turned over. */
function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 0xff;
  return copy;
}

/** A JPEG whose quantization tables have become comments. */
function withoutTables(bytes: Buffer): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf('ffdb', 'hex'); at >= 0; at = copy.indexOf('ffdb', at + 2, 'hex'))
    copy[at + 1] = 0xfe;
  return copy;
}

const avif = await sharp(pathOf('rgb.png')).avif({ lossless: true, effort: 0 }).toBuffer();

describe('decodeImage', () => {
  const modes: readonly (readonly [name: string, mode: string, isIndexed: boolean, frameCount: number])[] = [
    ['rgb.jpg', 'RGB', false, 1],
    ['grey.jpg', 'L', false, 1],
    ['cmyk.jpg', 'CMYK', false, 1],
    ['cmyk.tif', 'CMYK', false, 1],
    ['rgb.png', 'RGB', false, 1],
    ['grey.png', 'L', false, 1],
    ['grey16.png', 'L', false, 1],
    ['rgb16.png', 'RGB', false, 1],
    ['alpha.png', 'RGBA', false, 1],
    ['alpha16.png', 'RGBA', false, 1],
    ['grey-alpha.png', 'RGBA', false, 1],
    ['grey-with-transparent.png', 'L', false, 1],
    ['rgb-with-transparent.png', 'RGB', false, 1],
    ['palette.png', 'RGB', true, 1],
    ['palette-with-transparent.png', 'RGB', true, 1],
    ['one-bit.png', 'L', true, 1],
    ['one-bit.tif', 'L', true, 1],
    ['palette.tif', 'RGB', true, 1],
    ['rgb.tif', 'RGB', false, 1],
    ['still.gif', 'RGB', true, 1],
    ['moving.gif', 'RGB', true, 2],
    ['moving.webp', 'RGBA', false, 2],
    ['alpha.webp', 'RGBA', false, 1],
    ['lossy.webp', 'RGB', false, 1],
  ];
  for (const [name, mode, isIndexed, frameCount] of modes) {
    it(`finds ${name} to be ${mode}${isIndexed ? ', indexed' : ''}, frames: ${frameCount}`, async () => {
      const image = await decodeImage(pathOf(name));
      assert.equal(image.mode, mode);
      assert.equal(image.isIndexed, isIndexed);
      assert.equal(image.frameCount, frameCount);
      assert.equal(image.data.length, image.width * image.height * CHANNELS[image.mode]);
    });
  }

  it('gives the same for bytes as for their file', async () => {
    for (const [name, path] of IMAGES) {
      const { data, ...rest } = await decodeImage(bytesOf(name));
      const { data: expected, ...expectedRest } = await decodeImage(path);
      assert.deepEqual(rest, expectedRest);
      assert.ok(Buffer.from(expected).equals(data), name);
    }
  });

  it('counts the frames of an animated PNG', async () => {
    const png = bytesOf('rgb.png');
    const control = Buffer.from('00000008' + Buffer.from('acTL').toString('hex') + '0000000700000000', 'hex');
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(control.subarray(4)));
    const moving = Buffer.concat([png.subarray(0, 33), control, checksum, png.subarray(33)]);
    const image = await decodeImage(moving);
    assert.equal(image.frameCount, 7);
    assert.deepEqual(image.data, (await decodeImage(png)).data);
  });

  it('turns an image by its EXIF orientation only when asked', async () => {
    const asStored = await decodeImage(pathOf('turned.jpg'));
    assert.deepEqual([asStored.width, asStored.height], [83, 61]);
    const turned = await decodeImage(pathOf('turned.jpg'), { applyOrientation: true });
    assert.deepEqual([turned.width, turned.height], [61, 83]);
    // Orientation 6: the left column, from the bottom, is the first row.
    const { data } = turned;
    for (let x = 0; x < 61; x++) {
      const from = (60 - x) * 83 * 3;
      assert.deepEqual(data.subarray(x * 3, x * 3 + 3), asStored.data.subarray(from, from + 3));
    }
  });

  it('reads AVIF', async () => {
    const image = await decodeImage(avif);
    assert.deepEqual([image.format, image.mode, image.width, image.height], ['avif', 'RGB', 83, 61]);
  });

  const text = (content: string): Buffer => Buffer.from(content);
  const refused: readonly (readonly [what: string, bytes: Uint8Array, code: ErrorCode, reason: string])[] = [
    ['an empty file', new Uint8Array(0), 'E_IMAGE_UNREADABLE', 'empty'],
    ['a text file', text('photo of a cat\nby nobody\n'), 'E_IMAGE_UNSUPPORTED', 'text'],
    ['an error page', text('\n<!DOCTYPE html><title>404</title>'), 'E_IMAGE_UNSUPPORTED', 'text'],
    ['an SVG', text('<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>'), 'E_IMAGE_UNSUPPORTED', 'svg'],
    [
      'an SVG with its declaration',
      text('\ufeff<?xml version="1.0"?>\n<!-- a drawing -->\n<svg width="9">'),
      'E_IMAGE_UNSUPPORTED',
      'svg',
    ],
    ['a PDF', text('%PDF-1.7\n'), 'E_IMAGE_UNSUPPORTED', 'document'],
    ['a BMP', text('BM\0\0\0\0'), 'E_IMAGE_UNSUPPORTED', 'image-format'],
    ['a JPEG XL', Uint8Array.of(0xff, 0x0a, 0, 0), 'E_IMAGE_UNSUPPORTED', 'image-format'],
    ['a HEIC', text('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), 'E_IMAGE_UNSUPPORTED', 'image-format'],
    [
      'noise',
      Uint8Array.from({ length: 64 }, (_, i) => (i * 89) % 251),
      'E_IMAGE_UNSUPPORTED',
      'unknown-format',
    ],
    ['zeros', new Uint8Array(1000), 'E_IMAGE_UNSUPPORTED', 'unknown-format'],
    ['the head of a JPEG alone', bytesOf('rgb.jpg').subarray(0, 20), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a JPEG cut in its pixels', bytesOf('rgb.jpg').subarray(0, 1500), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a PNG cut in its pixels', bytesOf('rgb.png').subarray(0, 2000), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a PNG cut in its head', bytesOf('rgb.png').subarray(0, 20), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a signature of PNG alone', bytesOf('rgb.png').subarray(0, 8), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a WebP cut in its pixels', bytesOf('lossy.webp').subarray(0, 700), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a GIF cut in its pixels', bytesOf('still.gif').subarray(0, 700), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a TIFF cut in its pixels', bytesOf('rgb.tif').subarray(0, 9000), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['an AVIF cut in its pixels', avif.subarray(0, -200), 'E_IMAGE_UNREADABLE', 'truncated'],
    ['a PNG with a wrong checksum', changed(bytesOf('rgb.png'), 1000), 'E_IMAGE_UNREADABLE', 'damaged'],
    ['a PNG with another size in its head', changed(bytesOf('rgb.png'), 18), 'E_IMAGE_UNREADABLE', 'damaged'],
    ['a WebP with damaged pixels', changed(bytesOf('alpha.webp'), 40), 'E_IMAGE_UNREADABLE', 'damaged'],
    ['a JPEG without its tables', withoutTables(bytesOf('rgb.jpg')), 'E_IMAGE_UNREADABLE', 'damaged'],
  ];
  for (const [what, bytes, code, reason] of refused) {
    it(`refuses ${what}: ${reason}`, async (test) => {
      const path = join(makeTempFolder(test), 'photo.jpg');
      writeFileSync(path, bytes);
      for (const source of [path, bytes]) {
        const error = await refusalOf(source);
        assert.equal(error.code, code, error.message);
        assert.equal(error.details['reason'], reason, error.message);
        assert.ok(error.message.startsWith(source === path ? `${path}: ` : 'the image: '), error.message);
        assert.equal(error.message.includes('\n'), false);
      }
    });
  }

  it('refuses an image of 30,000 x 30,000 by its head, with the numbers', async () => {
    const error = await refusalOf(pngOfSize(30_000, 30_000), { name: 'huge.png' });
    assert.equal(error.code, 'E_IMAGE_TOO_LARGE');
    assert.match(error.message, /^huge\.png: 30000 x 30000 = 900000000 pixels, the limit is 100000000$/);
    const { unit, got, limit } = error.details;
    assert.deepEqual({ unit, got, limit }, { unit: 'pixels', got: 900_000_000, limit: 100_000_000 });
    // The same file within the limit gets as far as its pixels, which are not there.
    const cut = await refusalOf(pngOfSize(30_000, 30_000), { maxPixels: 1e9 });
    assert.equal(cut.code, 'E_IMAGE_UNREADABLE');
  });

  it('refuses by the limits that are given', async () => {
    const path = pathOf('wide.png');
    assert.equal((await refusalOf(path, { maxPixels: 1799 })).details['unit'], 'pixels');
    assert.equal((await refusalOf(path, { maxSide: 899 })).details['unit'], 'side');
    assert.equal((await refusalOf(path, { maxFileBytes: 100 })).details['unit'], 'bytes');
    assert.equal((await refusalOf(bytesOf('wide.png'), { maxFileBytes: 100 })).details['unit'], 'bytes');
    assert.equal((await decodeImage(path, { maxPixels: 1800, maxSide: 900 })).width, 900);
  });

  it('says what is wrong with a path', async (test) => {
    const folder = makeTempFolder(test);
    assert.equal((await refusalOf(join(folder, 'absent.jpg'))).code, 'E_INPUT_NOT_FOUND');
    assert.equal((await refusalOf(folder)).code, 'E_INPUT_UNREADABLE');
  });

  it('decodes or refuses damaged files, and does nothing else', async () => {
    const names = [
      'rgb.jpg',
      'progressive.jpg',
      'palette.png',
      'alpha16.png',
      'moving.gif',
      'alpha.webp',
      'palette.tif',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 6,
        }),
        async (name, edits) => {
          const bytes = Uint8Array.from(bytesOf(name));
          for (const [where, value] of edits) bytes[Math.floor(where * (bytes.length - 1))] = value;
          try {
            const image = await decodeImage(bytes, { maxPixels: 1_000_000 });
            assert.equal(image.data.length, image.width * image.height * CHANNELS[image.mode]);
          } catch (error) {
            assert.ok(error instanceof MetaclipError, String(error));
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
