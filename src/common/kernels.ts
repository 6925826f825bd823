/** Loads the WebAssembly kernels of the package: small modules for the loops that take most of the time. See kernels/README.md. */
import { readFileSync } from 'node:fs';
import { packageRoot } from './package-root.ts';

const modules = new Map<string, WebAssembly.Module>();

/** A kernel in use. */
export interface Kernel {
  /** Its own memory, which never grows; empty for a kernel that was given memory. */
  readonly buffer: ArrayBuffer;
  /**
   * @param name - of an exported function
   * @returns the function
   */
  readonly getFunction: (name: string) => (...values: number[]) => number;
}

/**
 * Instantiates a kernel. Compiled once a thread, in the thread: a kernel has a few KiB.
 *
 * @param name - file name in `kernels/` without its extension
 * @param shared - memory that it shares with others; needed by the kernels that import theirs
 * @returns a kernel; without `shared` two of a name do not see each other's data
 */
export function loadKernel(name: string, shared?: WebAssembly.Memory): Kernel {
  let module = modules.get(name);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(new URL(`kernels/${name}.wasm`, packageRoot())));
    modules.set(name, module);
  }
  const { exports } = new WebAssembly.Instance(
    module,
    shared === undefined ? {} : { env: { memory: shared } },
  );
  const { memory } = exports;
  const ownBuffer = memory instanceof WebAssembly.Memory ? memory.buffer : undefined;
  return {
    buffer: ownBuffer instanceof ArrayBuffer ? ownBuffer : new ArrayBuffer(0),
    getFunction: (functionName) => {
      const found = exports[functionName];
      if (typeof found !== 'function') throw new Error(`kernel ${name} exports no ${functionName}`);
      return found as (...values: number[]) => number;
    },
  };
}
