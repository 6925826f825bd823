/** What a chart is, as data: axes and layers. Drawn by `chart.ts` in the page and by `plot-spec.ts` into files. */
import type { ScaleKind } from './scale.ts';

/** One axis. */
export interface Axis {
  readonly kind: ScaleKind;
  readonly domain: readonly [number, number];
  readonly label: string;
  readonly format: (value: number) => string;
}

/** What is drawn, from back to front. `name` is a class and so a colour. */
export type Layer =
  | {
      readonly shape: 'line' | 'area';
      readonly name: string;
      readonly points: readonly (readonly [number, number])[];
    }
  | {
      readonly shape: 'dots';
      readonly name: string;
      readonly points: readonly (readonly [number, number])[];
      readonly radius: number;
    }
  | {
      readonly shape: 'bars';
      readonly name: string;
      readonly bars: readonly (readonly [start: number, end: number, height: number])[];
    }
  | {
      readonly shape: 'cells';
      readonly name: string;
      /** Corners and a strength in (0, 1]. */
      readonly cells: readonly (readonly [
        x0: number,
        x1: number,
        y0: number,
        y1: number,
        strength: number,
      ])[];
    }
  | {
      readonly shape: 'rule';
      readonly name: string;
      readonly along: 'x' | 'y';
      readonly at: number;
      readonly text: string;
    };

/** A whole chart. */
export interface Chart {
  readonly x: Axis;
  readonly y: Axis;
  readonly layers: readonly Layer[];
  /** Said instead of the picture. */
  readonly description: string;
  /** What to say of a value on the x axis; nothing is shown without it. */
  readonly readout?: (x: number) => string;
}
