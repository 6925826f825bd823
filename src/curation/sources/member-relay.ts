/**
 * Passes gzip members of a crawl file on to another thread, which reads their records, when it would stand still otherwise. Members are
 * small and independent, and compressed bytes cost next to nothing to pass on.
 *
 * A cut is made between two members: the members up to a later one are taken out, and the reader goes on with that one as if they
 * had never been there. Where the later one starts is guessed (its header is that of the member in front of the cut, ten bytes), and so
 * is that a record ends where the members are cut. Both are proved afterwards:
 *
 *   by the reader, that a record starts right at the cut, and that nothing was odd about those that it had not read when it cut;
 *   by the other thread, that the members are whole and healthy, and nothing is odd about their records.
 *
 * Then both read what one reader would have read. Where it is not so, {@link UnusualMembersError} ends it, and the file has to be
 * read again by one reader: a damaged file costs up to twice the time.
 */
import type { WarcRecord, WarcRecords } from './warc-records.ts';

/** Members of a file that another thread reads. Plain data, but for the buffer, which may be transferred. */
export interface CutMembers {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number that their first record has for a reader to whom no members cut before exist. */
  readonly firstRecord: number;
  /** Where they start in the decompressed stream of such a reader. */
  readonly startByte: number;
}

/** Whoever takes members. */
export interface MemberRelay {
  /** @returns how many compressed bytes of members the other thread would rather have now than pairs later, about; 0 for none */
  countWanted: () => number;
  /**
   * @param members - their pairs come behind those of all batches handed on before; owned by the relay from now on
   */
  send: (members: CutMembers) => void;
}

/** The file can't be read in parts. Never seen by users: it is read once more, whole. */
export class UnusualMembersError extends Error {
  override readonly name = 'UnusualMembersError';
}

/** The cuts of one reader, one at a time. */
export class MemberCuts {
  readonly #relay: MemberRelay;
  #pending:
    | { readonly bytes: Uint8Array<ArrayBuffer>; readonly startByte: number; readonly dropCount: number }
    | undefined;
  /** Oddities that had been counted when the record before was given out. */
  #dropCount = 0;

  /** @param relay - takes what is cut */
  constructor(relay: MemberRelay) {
    this.#relay = relay;
  }

  /**
   * @param decodedBytes - delivered so far
   * @returns how many compressed bytes it is time to cut out, about
   */
  countWanted(decodedBytes: number): number {
    return this.#pending === undefined && decodedBytes > 0 ? this.#relay.countWanted() : 0;
  }

  /**
   * @param parts - members that were cut out; may be none
   * @param decodedBytes - delivered so far
   */
  take(parts: readonly Uint8Array[], decodedBytes: number): void {
    if (parts.length === 0) return;
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#pending = { bytes, startByte: decodedBytes, dropCount: this.#dropCount };
  }

  /**
   * To be asked for each record.
   *
   * @param record - the next one
   * @param records - which gave it
   * @returns true when {@link MemberCuts.send} must be called before the record is looked at, and behind all pairs found so far
   * @throws {@link UnusualMembersError} when the record shows that the cut was wrong
   */
  isDue(record: WarcRecord, records: WarcRecords): boolean {
    this.#dropCount = records.dropCount;
    const pending = this.#pending;
    if (pending === undefined || record.startByte < pending.startByte) return false;
    // What is told of an odd record can depend on bytes far behind it.
    if (record.startByte !== pending.startByte || records.dropCount !== pending.dropCount) {
      throw new UnusualMembersError('members were cut where no record starts, or behind something odd');
    }
    return true;
  }

  /** @param record - that {@link MemberCuts.isDue} was asked about */
  send(record: WarcRecord): void {
    if (this.#pending === undefined) return;
    const { bytes, startByte } = this.#pending;
    this.#relay.send({ bytes, startByte, firstRecord: record.number });
    this.#pending = undefined;
  }

  /**
   * To be called at the end of the file, and where it can't be read further.
   *
   * @throws {@link UnusualMembersError} when nothing proved the last cut
   */
  finish(): void {
    if (this.#pending !== undefined) throw new UnusualMembersError('no record follows members that were cut');
  }
}
