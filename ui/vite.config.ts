import { fileURLToPath } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [
    vue(),
    // Messages are compiled here and not in the window, whose content security policy forbids eval.
    VueI18n({ include: here('./src/i18n/*.json'), runtimeOnly: true, compositionOnly: true, strictMessage: true }),
  ],
  define: { __VUE_OPTIONS_API__: 'true', __VUE_I18N_LEGACY_API__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false' },
  // The port is the one that tauri.conf.json names.
  server: { port: 1420, strictPort: true, host: '127.0.0.1' },
  clearScreen: false,
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    // What the oldest web views that Tauri runs on understand.
    target: ['es2022', 'safari16'],
    // The policy allows no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
