// Compiles a module of page/ when metaclip runs from its TypeScript sources. Not part of the build, which compiles them itself.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const path = fileURLToPath(new URL('./page/tsconfig.build.json', import.meta.url));
const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
const options = ts.getParsedCommandLineOfConfigFile(path, {}, host)?.options ?? {};

// A single file is not known to belong to an ES module package, so that is said here.
const compilerOptions = {
  ...options,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

export function compile(source) {
  return ts.transpileModule(source, { compilerOptions }).outputText;
}
