/** Terminal cells are measured once, so the fonts must be there before: a late font would leave every cell the wrong size. */

/** The bundled one comes from the app itself and takes milliseconds; a missing one must not keep a terminal from opening. */
const FONT_WAIT_MS = 1500

/** The font list of the settings, followed by the bundled one, so that a family that is not installed changes nothing. */
export function fontList(family: string): string {
  const bundled = getComputedStyle(document.documentElement).getPropertyValue('--font-mono').trim() || 'monospace'
  return family ? `${family}, ${bundled}` : bundled
}

/** Resolves when the first family of the list can be measured, in regular and bold, or after a while without it. */
export async function fontsReady(list: string, sizePx: number): Promise<void> {
  const load = (weight: number) => document.fonts.load(`${weight} ${sizePx}px ${list}`, 'Wm0').catch(() => [])
  const patience = new Promise<void>((resolve) => setTimeout(resolve, FONT_WAIT_MS))
  await Promise.race([Promise.all([load(400), load(700)]), patience])
}
