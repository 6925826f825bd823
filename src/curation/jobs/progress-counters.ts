/** Counters that running jobs add to and a progress line reads: BigInt64 in shared memory. */

/** Index of each counter: bytes read, pairs extracted, pairs matched; then how many there are. */
export const PROGRESS = Object.freeze({ bytes: 0, pairs: 1, matched: 2, slots: 3 });
