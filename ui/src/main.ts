import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './design/tokens.css'
import './design/base.css'
import './design/field.css'
import './design/menu.css'
import './settings/setting-row.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { followEngine } from './engine'
import { i18n, languageOf, loadLanguage } from './i18n'
import { mendSystemLanguage } from './i18n/system-language'
import { provideBackend, toProblem, type Backend } from './ipc'
import { useNotices } from './notices/notices'
import { useSettings } from './settings/settings'
import { nameBackTab } from './workspace/back-tab'

/** The app has the engine; a browser gets the fake one, in builds that are made for that. */
async function chooseBackend(): Promise<Backend> {
  if (import.meta.env.MODE === 'production' || '__TAURI_INTERNALS__' in window) {
    return (await import('./ipc/tauri')).tauriBackend
  }
  return (await import('./ipc/fake-page')).fakeOfPage()
}

async function start(): Promise<void> {
  mendSystemLanguage()
  nameBackTab()
  provideBackend(await chooseBackend())
  const app = createApp(App).use(createPinia()).use(i18n)
  await useSettings().load()
  await loadLanguage(languageOf(useSettings().current.language, navigator.languages))
  try {
    await followEngine()
  } catch (thrown) {
    // A window that says why is better than none.
    useNotices().showEngine(toProblem(thrown))
  }
  app.mount('#app')
}

void start()
