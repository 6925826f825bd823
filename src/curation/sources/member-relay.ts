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
 * Then both read what one reader would have read. Where it is not so, and where members are damaged or the file can't be read once
 * anything was cut, {@link UnusualMembersError} ends it, and the file has to be read again by one reader: a damaged file costs up to
 * twice the time.
 */
import type { WarcRecord, WarcRecords } from './warc-record.ts';

/** Members of a file that another thread reads: plain data, whose buffers may be transferred. */
export interface CutMembers {
  /** Their bytes, piece after piece. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
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

/** A cut that nothing has proved yet. */
interface PendingCut {
  readonly parts: Uint8Array<ArrayBuffer>[];
  readonly startByte: number;
  /** Oddities of records that had been counted. */
  readonly oddCount: number;
}

/** The cuts of one reader, one at a time. */
export class MemberCuts {
  readonly #relay: MemberRelay | undefined;
  /** True once bytes of the file are missing from what is read. */
  #isPart: boolean;
  #pending: PendingCut | undefined;
  /** Oddities that had been counted when the record before was given out. */
  #oddCount = 0;

  /** @param relay - takes what is cut; undefined for a reader of members that were cut, in which nothing may be odd */
  constructor(relay: MemberRelay | undefined) {
    this.#relay = relay;
    this.#isPart = relay === undefined;
  }

  /**
   * @param decodedBytes - delivered so far
   * @returns how many compressed bytes it is time to cut out, about
   */
  countWanted(decodedBytes: number): number {
    if (this.#pending !== undefined || decodedBytes === 0) return 0;
    return this.#relay?.countWanted() ?? 0;
  }

  /**
   * @param part - members that were cut out, behind those added before
   * @param decodedBytes - delivered so far
   */
  add(part: Uint8Array<ArrayBuffer>, decodedBytes: number): void {
    this.#isPart = true;
    this.#pending ??= { parts: [], startByte: decodedBytes, oddCount: this.#oddCount };
    this.#pending.parts.push(part);
  }

  /**
   * To be called where the file is not one healthy member after the other, or can't be read. What is made of such a place depends
   * on how the bytes around it came, so it takes a reader of the whole file.
   *
   * @param cause - why it can't be read
   * @throws {@link UnusualMembersError} when bytes are missing
   */
  refuseOddity(cause?: unknown): void {
    if (this.#isPart) throw new UnusualMembersError('something odd in a part of a file', { cause });
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
    this.#oddCount = records.oddCount;
    const pending = this.#pending;
    if (pending === undefined || record.startByte < pending.startByte) return false;
    // What is told of an odd record can depend on bytes far behind it.
    if (record.startByte !== pending.startByte || records.oddCount !== pending.oddCount) {
      throw new UnusualMembersError('members were cut where no record starts, or behind something odd');
    }
    return true;
  }

  /** @param record - that {@link MemberCuts.isDue} was asked about */
  send(record: WarcRecord): void {
    if (this.#pending === undefined) return;
    const { parts, startByte } = this.#pending;
    this.#relay?.send({ parts, startByte, firstRecord: record.number });
    this.#pending = undefined;
  }

  /**
   * To be called at the end of the file.
   *
   * @param records - of the file
   * @throws {@link UnusualMembersError} when nothing proved the last cut, or anything was odd about members that were cut
   */
  finish(records: WarcRecords): void {
    if (this.#pending !== undefined) throw new UnusualMembersError('no record follows members that were cut');
    if (this.#relay === undefined && records.oddCount > 0) {
      throw new UnusualMembersError('members that were cut are no whole records');
    }
  }
}
