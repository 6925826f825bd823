/** The slider for t: what it shows, and who is told. */
import { type CapModel, sliderStops } from './cap-model.ts';
import { percent, tenths, whole } from './format.ts';
import { elementById, setText } from './page-elements.ts';

/**
 * Brings the slider, the number field and the button to life.
 *
 * @param model - counts and sweep
 * @param own - cap of the run
 * @param onChange - told each cap that is chosen, the first one at once
 */
export function startCapPanel(model: CapModel, own: number, onChange: (t: number) => void): void {
  const slider = elementById('cap-slider', HTMLInputElement);
  const field = elementById('cap-field', HTMLInputElement);
  const reset = elementById('cap-reset', HTMLButtonElement);
  const stops = sliderStops(model.sweepT, own);
  const greatest = stops.at(-1) ?? 1;
  slider.min = '0';
  slider.max = String(stops.length - 1);
  slider.step = '1';
  field.min = '1';
  field.max = String(greatest);

  const choose = (t: number, from: HTMLInputElement | null): void => {
    if (from !== slider) slider.value = String(nearestStop(stops, t));
    if (from !== field) field.value = String(t);
    showCap(model, t);
    slider.setAttribute('aria-valuetext', describeCap(model, t));
    reset.disabled = t === own;
    onChange(t);
  };
  slider.addEventListener('input', () => {
    choose(stops[Number(slider.value)] ?? own, slider);
  });
  // Page keys go from one evaluated cap to the next; the arrows go stop by stop, as on every slider.
  slider.addEventListener('keydown', (event) => {
    const step = { PageUp: 1, PageDown: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const t = stops[Number(slider.value)] ?? own;
    const next =
      step > 0 ? model.sweepT.find((other) => other > t) : model.sweepT.findLast((other) => other < t);
    if (next !== undefined) choose(next, null);
  });
  field.addEventListener('input', () => {
    const t = field.valueAsNumber;
    if (t >= 1 && t <= greatest) choose(t, field);
  });
  field.addEventListener('change', () => {
    const t = field.valueAsNumber;
    choose(Number.isNaN(t) ? own : Math.min(greatest, Math.max(1, t)), null);
  });
  reset.addEventListener('click', () => {
    choose(own, null);
  });
  markEvaluated(stops, model.sweepT, own);
  choose(own, null);
}

function showCap(model: CapModel, t: number): void {
  const { kept, isExact, below, above } = model.keptAt(t);
  const matched = model.sweepKept.at(-1) ?? 0;
  setText('cap-kept', `${isExact ? '' : '≈ '}${isExact ? tenths(kept) : whole(kept)}`);
  setText('cap-kept-share', matched === 0 ? '' : `${percent(kept / matched)} of matched pairs`);
  setText('cap-tail', percent(model.tailShare(t)));
  const head = model.headEntries(t);
  setText('cap-head', whole(head));
  setText('cap-head-note', `${whole(model.totalEntries - model.zeroEntries - head)} in the tail`);
  setText('cap-capped', whole(model.cappedMatches(t)));
  setText(
    'cap-capped-note',
    model.totalMatches === 0 ? '' : `${percent(model.cappedMatches(t) / model.totalMatches)} of all matches`,
  );
  const badge = elementById('cap-badge', HTMLElement);
  badge.className = `badge ${isExact ? 'exact' : 'interpolated'}`;
  badge.textContent = isExact ? 'exact' : 'interpolated';
  badge.title = isExact
    ? 'evaluated over all matched pairs of the run'
    : `between t = ${tenths(below)} and t = ${tenths(above)}, for which the run was evaluated`;
}

function describeCap(model: CapModel, t: number): string {
  const { kept, isExact } = model.keptAt(t);
  return `t = ${tenths(t)}: ${isExact ? '' : 'about '}${whole(kept)} pairs kept, ${isExact ? 'exact' : 'interpolated'}; tail share ${percent(model.tailShare(t))}`;
}

/** Ticks under the slider: a short one for each evaluated cap, a labelled one for the run's own, and the two ends. */
function markEvaluated(stops: readonly number[], evaluated: readonly number[], own: number): void {
  const marks = elementById('cap-marks', HTMLElement);
  const last = Math.max(1, stops.length - 1);
  const place = (t: number): string => `${((nearestStop(stops, t) / last) * 100).toFixed(2)}%`;
  for (const t of evaluated) {
    const mark = document.createElement('i');
    mark.style.left = place(t);
    marks.append(mark);
  }
  const label = document.createElement('b');
  label.style.left = place(own);
  label.textContent = `this run: ${tenths(own)}`;
  const share = nearestStop(stops, own) / last;
  label.className = share < 0.12 ? 'at-start' : share > 0.88 ? 'at-end' : '';
  marks.append(label);
}

function nearestStop(stops: readonly number[], t: number): number {
  let nearest = 0;
  stops.forEach((stop, i) => {
    if (Math.abs(Math.log(stop / t)) < Math.abs(Math.log((stops[nearest] ?? 1) / t))) nearest = i;
  });
  return nearest;
}
