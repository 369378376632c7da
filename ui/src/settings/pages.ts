/** The pages of the settings, in their order. A new row goes into the page that it belongs to. */
import { ref, type Component } from 'vue'
import AccessibilityPage from './AccessibilityPage.vue'
import JobLimitsPage from '../jobs/JobLimitsPage.vue'
import ConnectionsPage from './ConnectionsPage.vue'
import GeneralPage from './GeneralPage.vue'
import TerminalPage from './TerminalPage.vue'
import TextPage from './TextPage.vue'

export const SETTINGS_PAGES = ['general', 'text', 'terminal', 'connections', 'transfers', 'accessibility'] as const

export type SettingsPage = (typeof SETTINGS_PAGES)[number]

export const pageContent: Record<SettingsPage, Component> = {
  general: GeneralPage,
  text: TextPage,
  terminal: TerminalPage,
  connections: ConnectionsPage,
  transfers: JobLimitsPage,
  accessibility: AccessibilityPage,
}

/** The one that was open last, as long as the window lives. */
export const shownPage = ref<SettingsPage>('general')
