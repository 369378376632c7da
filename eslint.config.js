import js from '@eslint/js'
import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import { globalIgnores } from 'eslint/config'
import vue from 'eslint-plugin-vue'

const nodeGlobals = Object.fromEntries(
  ['process', 'console', 'Buffer', 'URL', 'fetch', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'].map((name) => [
    name,
    'readonly',
  ]),
)
const windowGlobals = Object.fromEntries(
  ['window', 'document', 'getComputedStyle', 'requestAnimationFrame', 'performance', 'Node'].map((name) => [name, 'readonly']),
)

export default defineConfigWithVueTs(
  globalIgnores(['target/**', 'gen/**', 'ui/dist/**', 'ui/src/ipc/generated.ts', '**/*.d.ts']),
  js.configs.recommended,
  vue.configs['flat/recommended'],
  vueTsConfigs.recommendedTypeChecked,
  {
    files: ['ui/**/*.{ts,vue}', 'tests/{ui,screen}/**/*.ts'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Text from a server is text: it never becomes markup.
      'vue/no-v-html': 'error',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-props-declaration': ['error', 'type-based'],
      'vue/define-emits-declaration': ['error', 'type-based'],
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-unused-refs': 'error',
      'vue/no-useless-v-bind': 'error',
      // Prettier lays out the code.
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-eval': 'error',
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@tauri-apps/*'], message: 'Only ui/src/ipc knows Tauri: ask for what you need there.' }] },
      ],
    },
  },
  {
    files: ['ui/src/ipc/**/*.ts'],
    rules: {
      'no-restricted-imports': 'off',
      // The shell's errors are plain objects, and the fake engine throws the same.
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
  {
    // Scripts and end-to-end tests are plain JavaScript.
    files: ['**/*.{js,mjs}'],
    extends: [vueTsConfigs.disableTypeChecked],
    languageOptions: { globals: nodeGlobals },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
      'no-control-regex': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['tests/{ui,screen}/**/*.ts'],
    // A terminal speaks in control characters, and spies are handed around.
    rules: { '@typescript-eslint/unbound-method': 'off', 'no-control-regex': 'off' },
  },
  {
    files: ['tests/**/*.mjs', 'scripts/pictures.mjs'],
    // Some of their functions run in the page.
    languageOptions: { globals: windowGlobals },
    rules: { 'no-redeclare': ['error', { builtinGlobals: false }] },
  },
)
