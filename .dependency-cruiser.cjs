const production = { pathNot: '\\.test\\.ts$|^packages/[^/]+/src/testing/|^(tests|examples)/' };

/** The architecture: apps → adapters → domain, and nothing the other way or sideways. */
module.exports = {
  forbidden: [
    {
      name: 'domain-imports-nothing',
      comment: 'The domain runs anywhere: no npm package, no node:*, no adapter.',
      severity: 'error',
      from: { path: '^packages/domain/src/', ...production },
      to: { pathNot: '^packages/domain/src/' },
    },
    {
      name: 'decisions-know-no-ports',
      comment: 'Decisions are pure: the application layer hands them what they need.',
      severity: 'error',
      from: { path: '^packages/domain/src/(?!application/|ports/|testing/|index\\.ts$)', ...production },
      to: { path: '^packages/domain/src/(application|ports)/' },
    },
    {
      name: 'adapters-not-each-other',
      comment: 'Adapters meet in the composition root alone.',
      severity: 'error',
      from: { path: '^packages/(adapters-[^/]+)/' },
      to: { path: '^packages/adapters-', pathNot: '^packages/$1/' },
    },
    {
      name: 'packages-not-apps',
      comment: 'Dependencies point inward.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-not-each-other',
      comment: 'An app is a program of its own.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'through-the-front-door',
      comment: 'A package is what its index exports.',
      severity: 'error',
      from: { path: '^(?:packages|apps)/([^/]+)/' },
      to: {
        path: '^packages/[^/]+/src/',
        pathNot: [
          '^packages/$1/',
          '/src/index\\.ts$',
          '/src/testing/index\\.ts$',
          '/src/testing/memory/index\\.ts$',
        ],
      },
    },
    {
      name: 'test-code-stays-in-tests',
      comment: 'Fakes and contract suites are no production code.',
      severity: 'error',
      from: production,
      to: { path: '\\.test\\.ts$|/src/testing/' },
    },
    {
      name: 'no-circular',
      comment: 'Types alone may refer to each other; code may not.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'Nothing imports it: it is dead, or its import is missing.',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.test\\.ts$|/src/(index|main|cli)\\.ts$|^examples/' },
      to: {},
    },
    {
      name: 'no-unresolved',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'It works by hoisting alone: add it to the package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-development-dependency-in-production',
      comment: 'It is not there when the package is installed elsewhere.',
      severity: 'error',
      from: { path: '^(packages|apps)/', ...production },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'npm-peer', 'type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
