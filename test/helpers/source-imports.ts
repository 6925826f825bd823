/** What the files of src/ import, read by the TypeScript compiler, for the tests in which the repository looks at itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { posix } from 'node:path';
import ts from 'typescript';

const root = new URL('../../src/', import.meta.url);

/** One import or re-export. */
export interface SourceImport {
  /** As written. */
  readonly specifier: string;
  /** File of src/ that is meant, e.g. `common/errors.ts`; undefined for packages and Node's modules. */
  readonly target: string | undefined;
  /** Erased by the compiler: nothing is loaded. */
  readonly isTypeOnly: boolean;
}

/** One file of src/. */
export interface SourceFile {
  /** Below src/, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly SourceImport[];
}

/** @returns all TypeScript and JavaScript files of src/, by path */
export function readSourceFiles(): SourceFile[] {
  return readdirSync(root, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .sort()
    .map((path) => {
      const text = readFileSync(fileURLToPath(new URL(path, root)), 'utf8');
      const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
      return { path, text, tree, imports: findImports(path, tree) };
    });
}

function findImports(path: string, tree: ts.SourceFile): SourceImport[] {
  const found: SourceImport[] = [];
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const isOwn = specifier.text.startsWith('.');
    found.push({
      specifier: specifier.text,
      target: isOwn ? posix.join(posix.dirname(path), specifier.text) : undefined,
      isTypeOnly,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isErasedImport(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, isErasedExport(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Only what says `type` before all names is erased whole; `import { type A }` still loads the file (verbatimModuleSyntax). */
function isErasedImport(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function isErasedExport(node: ts.ExportDeclaration): boolean {
  return node.isTypeOnly;
}
