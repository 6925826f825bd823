/** The kernel and its plain twin give the same bytes, and the weights are what they should be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  AxisWeightsCache,
  computeAxisWeights,
  type AxisRequest,
  type ResampleFilter,
} from '../../../src/model/preprocess/resample-coefficients.ts';
import { ResampleKernel } from '../../../src/model/preprocess/resample-kernel.ts';
import { resampleWindow, type ResampleRequest } from '../../../src/model/preprocess/resample-passes.ts';
import { resizeWindow } from '../../../src/model/preprocess/resize-window.ts';

const FILTERS: readonly ResampleFilter[] = ['box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];
const kernel = new ResampleKernel();

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

function makeRequest(
  shape: Shape,
  target: { readonly width: number; readonly height: number },
  window: ResampleRequest['window'],
  filter: ResampleFilter,
  byteAt: (i: number) => number,
): ResampleRequest {
  const data = Uint8Array.from({ length: shape.width * shape.height * shape.channels }, (_, i) => byteAt(i));
  const axis = (
    inputSize: number,
    outputSize: number,
    firstOutput: number,
    outputs: number,
  ): AxisRequest => ({
    filter,
    inputSize,
    outputSize,
    firstOutput,
    outputs,
  });
  const columns =
    shape.width === target.width
      ? undefined
      : computeAxisWeights(axis(shape.width, target.width, window.left, window.width));
  const rows =
    shape.height === target.height
      ? undefined
      : computeAxisWeights(axis(shape.height, target.height, window.top, window.height));
  const firstRow = rows?.firstInput ?? window.top;
  const endRow = rows?.endInput ?? window.top + window.height;
  return { image: { ...shape, data }, window, columns, rows, firstRow, endRow };
}

/** Noise, or zeros and 255s, which overshoot the most. */
const noise = (i: number): number => (Math.imul(i + 7, 2_654_435_761) >>> 11) & 255;
const extremes = (i: number): number => ((Math.imul(i + 7, 2_654_435_761) >>> 11) & 1) * 255;

describe('the resize kernel', () => {
  it('gives the bytes of its plain twin for any size, window, filter and number of channels', () => {
    const side = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 400 }));
    const output = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 90 }));
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({ width: side, height: side, channels: fc.constantFrom(1, 3, 4) }),
        fc.record({ width: fc.option(output), height: fc.option(output) }),
        fc.tuple(part, part, part, part),
        fc.constantFrom(...FILTERS),
        fc.constantFrom(noise, extremes),
        (shape, wanted, [left, top, width, height], filter, byteAt) => {
          // null keeps a side as it is, which leaves its pass out.
          const target = { width: wanted.width ?? shape.width, height: wanted.height ?? shape.height };
          const x = Math.floor(left * (target.width - 1));
          const y = Math.floor(top * (target.height - 1));
          const window = {
            left: x,
            top: y,
            width: 1 + Math.floor(width * (target.width - 1 - x)),
            height: 1 + Math.floor(height * (target.height - 1 - y)),
          };
          const request = makeRequest(shape, target, window, filter, byteAt);
          assert.deepEqual(kernel.resample(request), resampleWindow(request));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes rows in blocks: tall and wide images, cut at every place', () => {
    for (const [width, height] of [
      [3000, 97],
      [2, 5000],
      [700, 700],
      [65_535, 3],
      [1, 65_535],
    ] as const) {
      for (const channels of [1, 3, 4]) {
        const target = { width: 31, height: 29 };
        const window = { left: 0, top: 0, width: 31, height: 29 };
        const request = makeRequest({ width, height, channels }, target, window, 'bicubic', noise);
        const bytes = kernel.resample(request) ?? assert.fail(`${width} x ${height} did not fit`);
        assert.deepEqual(bytes, resampleWindow(request), `${width} x ${height}, ${channels} channels`);
      }
    }
  });

  it('leaves to its twin what does not fit, and is whole afterwards', () => {
    const whole = (width: number, height: number): ResampleRequest['window'] => ({
      left: 0,
      top: 0,
      width,
      height,
    });
    const tooWide = makeRequest(
      { width: 800_000, height: 1, channels: 3 },
      { width: 5, height: 3 },
      whole(5, 3),
      'bicubic',
      noise,
    );
    const tooMany = makeRequest(
      { width: 3, height: 3, channels: 3 },
      { width: 1200, height: 1200 },
      whole(1200, 1200),
      'bicubic',
      noise,
    );
    for (const request of [tooWide, tooMany]) {
      assert.equal(kernel.resample(request), undefined);
      const { image, window } = request;
      const out = resizeWindow(image, window, window, 'bicubic');
      assert.deepEqual(out, resampleWindow(request));
    }
    const request = makeRequest(
      { width: 50, height: 40, channels: 3 },
      { width: 20, height: 30 },
      whole(20, 30),
      'bicubic',
      noise,
    );
    assert.deepEqual(kernel.resample(request), resampleWindow(request));
  });

  it('computes of a very wide image only what the crop keeps', () => {
    // Resized whole it would be 22,400,000 x 224 pixels.
    const image = {
      width: 100_000,
      height: 1,
      channels: 3,
      data: new Uint8Array(300_000).map((_, i) => noise(i)),
    };
    const target = { width: 22_400_000, height: 224 };
    const window = { left: 11_199_888, top: 0, width: 224, height: 224 };
    const out = resizeWindow(image, target, window, 'bicubic');
    assert.equal(out.length, 224 * 224 * 3);
    // The middle of a pixel that is 224 wide is nearly that pixel.
    assert.ok(Math.abs(out[112 * 3]! - image.data[50_000 * 3]!) <= 255);
    const nearest = resizeWindow(image, target, window, 'nearest');
    assert.deepEqual(nearest.subarray(0, 3), image.data.subarray(49_999 * 3, 50_000 * 3));
    assert.deepEqual(nearest.subarray(223 * 3, 224 * 3), image.data.subarray(50_000 * 3, 50_001 * 3));
  });
});

describe('the weights of an axis', () => {
  it('add up to one, begin in the image and end in it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FILTERS),
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 300 }),
        (filter, inputSize, outputSize) => {
          const request = { filter, inputSize, outputSize, firstOutput: 0, outputs: outputSize };
          const { starts, counts, weights, stride } = computeAxisWeights(request);
          for (let i = 0; i < outputSize; i++) {
            assert.ok(counts[i]! >= 1 && starts[i]! >= 0 && starts[i]! + counts[i]! <= inputSize);
            const own = weights.subarray(i * stride, (i + 1) * stride);
            const sum = own.reduce((total, weight) => total + weight, 0);
            // Each is rounded by half a unit at most.
            assert.ok(Math.abs(sum - 2 ** 22) <= counts[i]! / 2 + 1, `${sum}`);
            assert.ok(own.subarray(counts[i]).every((weight) => weight === 0));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of a part are those of the whole', () => {
    const whole = {
      filter: 'bicubic',
      inputSize: 640,
      outputSize: 298,
      firstOutput: 0,
      outputs: 298,
    } as const;
    const all = computeAxisWeights(whole);
    const some = computeAxisWeights({ ...whole, firstOutput: 37, outputs: 224 });
    assert.deepEqual(some.starts, all.starts.slice(37, 261));
    assert.deepEqual(some.counts, all.counts.slice(37, 261));
    assert.equal(some.firstInput, all.starts[37]);
    assert.equal(some.endInput, all.starts[260]! + all.counts[260]!);
    for (let i = 0; i < 224; i++) {
      const own = some.weights.subarray(i * some.stride, i * some.stride + some.counts[i]!);
      const from = (i + 37) * all.stride;
      assert.deepEqual(own, all.weights.subarray(from, from + some.counts[i]!));
    }
  });

  it('are kept for sizes seen lately, within their bytes', () => {
    const cache = new AxisWeightsCache(20_000);
    const ask = (inputSize: number): object =>
      cache.get({ filter: 'bicubic', inputSize, outputSize: 50, firstOutput: 0, outputs: 50 });
    const first = ask(200);
    assert.equal(ask(200), first);
    for (let inputSize = 300; inputSize < 400; inputSize++) {
      ask(inputSize);
      ask(200);
      assert.ok(cache.sizeBytes <= 20_000, String(cache.sizeBytes));
    }
    // What is asked again stays, what is not goes.
    assert.equal(ask(200), first);
    const again = ask(300);
    assert.notEqual(again, first);
    assert.equal(ask(300), again);
  });
});
