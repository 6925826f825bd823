/**
 * A progress line with rate and time left for a terminal, plain lines elsewhere. Nothing is drawn for the first two
 * seconds, so quick work stays quiet.
 */

/** State of one activity, polled when the line is drawn. */
export interface ProgressSource {
  /** What is going on, e.g. `match`. */
  readonly label: string;
  /** How far, e.g. `3 of 10 tasks`. */
  readonly position: () => string;
  /** Work done and in all, in one unit; all 0 when unknown. */
  readonly amount: () => { readonly done: number; readonly total: number };
  /** Rates and counts, e.g. `12.3 MB/s`. */
  readonly details: (seconds: number) => string;
}

const QUIET_MS = 2000;
const REDRAW_MS = 200;
const PLAIN_LINE_MS = 30_000;

/** Shows one activity at a time; `begin`, then `end`. */
export class ProgressLine {
  readonly #write: (text: string) => void;
  readonly #columns: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #source: ProgressSource | undefined;
  #startMs = 0;
  #isDrawn = false;

  /**
   * @param write - where notes go
   * @param columns - width of the terminal; undefined when it is none
   */
  constructor(write: (text: string) => void, columns: number | undefined) {
    this.#write = write;
    this.#columns = columns;
  }

  /**
   * @param source - what to show from now on
   */
  begin(source: ProgressSource): void {
    this.end();
    this.#source = source;
    this.#startMs = performance.now();
    const everyMs = this.#columns === undefined ? PLAIN_LINE_MS : REDRAW_MS;
    this.#timer = setInterval(() => {
      this.#draw();
    }, everyMs);
    this.#timer.unref();
  }

  /** Ends the current activity and clears its line. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#isDrawn && this.#columns !== undefined) this.#write('\r\x1b[K');
    this.#isDrawn = false;
    this.#source = undefined;
  }

  #draw(): void {
    const source = this.#source;
    const elapsedMs = performance.now() - this.#startMs;
    if (source === undefined || elapsedMs < QUIET_MS) return;
    const seconds = elapsedMs / 1000;
    const { done, total } = source.amount();
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const left = share > 0.001 ? `, ${formatDuration((seconds / share) * (1 - share))} left` : '';
    const percent = total > 0 ? ` ${(share * 100).toFixed(1)}%` : '';
    const line = `${source.label}: ${source.position()}${percent}, ${source.details(seconds)}${left}`;
    this.#isDrawn = true;
    this.#write(this.#columns === undefined ? `${line}\n` : `\r${line.slice(0, this.#columns - 1)}\x1b[K`);
  }
}

/**
 * @param seconds - duration
 * @returns e.g. `4 s`, `3 min 20 s`, `2 h 5 min`
 */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/**
 * @param count - whole number
 * @returns with commas, e.g. `86,654`
 */
export function formatCount(count: number): string {
  // Not toLocaleString: its tables take 20 ms to load.
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * @param sizeBytes - number of bytes
 * @returns e.g. `12.3 MB`
 */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
