/** The public library: `import { curate } from 'metaclip'`. Re-exports only; what is not here is internal. */
export { ERROR_CODES, type ErrorCode, type ErrorFamily, MetaclipError } from './common/errors.ts';
