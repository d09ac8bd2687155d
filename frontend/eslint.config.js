import boundaries from 'eslint-plugin-boundaries'
import checkFile from 'eslint-plugin-check-file'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

/** Layers that the files of a layer may import. */
function layer(type, others) {
  return {
    from: { element: { type } },
    allow: { to: { element: { types: { anyOf: others } } } },
  }
}

export default tseslint.config(
  { ignores: ['dist', 'src/gen', 'public', 'playwright-report', 'test-results', 'screenshots'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      reactHooks.configs.flat.recommended,
    ],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { boundaries, 'check-file': checkFile },
    settings: {
      'import/resolver': { typescript: { project: import.meta.dirname } },
      'boundaries/include': ['src/**/*'],
      'boundaries/elements': [
        { type: 'gen', pattern: 'src/gen' },
        { type: 'rpc', pattern: 'src/rpc' },
        { type: 'charts', pattern: 'src/charts' },
        { type: 'ui', pattern: 'src/ui' },
        { type: 'jobs', pattern: 'src/jobs' },
        { type: 'feature', pattern: 'src/features/*', capture: ['feature'] },
        { type: 'app', pattern: 'src/app' },
      ],
    },
    rules: {
      'check-file/filename-naming-convention': [
        'error',
        { '**/*.{ts,tsx}': 'KEBAB_CASE' },
        { ignoreMiddleExtensions: true },
      ],
      'check-file/folder-naming-convention': ['error', { 'src/**/': 'KEBAB_CASE' }],
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            layer('rpc', ['gen', 'rpc']),
            layer('ui', ['ui']),
            layer('charts', ['gen', 'ui', 'charts']),
            layer('jobs', ['gen', 'rpc', 'ui', 'jobs']),
            layer('feature', ['gen', 'rpc', 'charts', 'ui', 'jobs']),
            {
              from: { element: { type: 'feature' } },
              allow: {
                to: { element: { type: 'feature', captured: { feature: '{{ from.element.captured.feature }}' } } },
              },
            },
            layer('app', ['gen', 'rpc', 'charts', 'ui', 'jobs', 'feature', 'app']),
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
          ],
        },
      ],
      // The React Compiler is not used.
      'react-hooks/incompatible-library': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
)
