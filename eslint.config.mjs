import tseslint from 'typescript-eslint';

const typescript = ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', '{tests,examples,scripts}/**/*.ts'];
const tests = ['**/*.test.ts', '{packages,apps}/*/src/testing/**/*.ts', 'tests/**/*.ts'];

/** Default exports give one thing a different name in every file that imports it. */
const namedExportsOnly = {
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
    { selector: 'TSEnumDeclaration', message: 'Use a union of literals or a const object.' },
    { selector: 'TSNonNullExpression', message: 'Write the check instead of the !.' },
  ],
};

/** Counts a function's lines without those of functions inside it: a factory is as long as its own part. */
const ownLines = {
  create: (context) => {
    const open = [];
    const enter = () => open.push({ nested: 0 });
    const leave = (node) => {
      const lines = node.loc.end.line - node.loc.start.line + 1;
      const own = lines - open.pop().nested;
      if (open.length > 0) open.at(-1).nested += lines - 1;
      if (own > context.options[0]) context.report({ node, message: `${own} lines of its own.` });
    };
    const functions = ':function';
    return { [functions]: enter, [`${functions}:exit`]: leave };
  },
  meta: { schema: [{ type: 'integer' }], defaultOptions: [60] },
};

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'data/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: typescript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { recalld: { rules: { 'own-lines': ownLines } } },
    rules: {
      ...namedExportsOnly,
      eqeqeq: 'error',
      'no-console': 'error',
      'no-param-reassign': 'error',
      'prefer-const': 'error',
      complexity: ['error', 18],
      'max-depth': ['error', 3],
      'max-params': ['error', 5],
      'max-lines': ['error', 320],
      'recalld/own-lines': ['error', 60],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Ports are objects of closures: none of their methods needs `this`.
      '@typescript-eslint/unbound-method': 'off',
      // A port's method is async also where one adapter answers at once.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, allowDefaultCaseForExhaustiveSwitch: true },
      ],
    },
  },
  {
    files: tests,
    rules: {
      'max-lines': ['error', 500],
      'max-params': 'off',
      'recalld/own-lines': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['apps/server/src/{main,cli}.ts', 'tests/**/*.ts', 'examples/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // What a binding needs is what its factory takes.
    files: ['apps/server/src/container.ts', 'apps/server/src/modules/*.ts'],
    rules: { 'max-params': 'off' },
  },
  {
    // A schema reads best in one piece.
    files: ['packages/adapters-storage/src/migrations/**/*.ts'],
    rules: { 'recalld/own-lines': 'off' },
  },
  {
    files: ['{scripts,bench,demo,examples,packages}/**/*.mjs'],
    extends: [tseslint.configs.recommended],
    rules: { ...namedExportsOnly, eqeqeq: 'error', complexity: ['error', 15], 'max-lines': ['error', 300] },
  },
);
