// Runs inside the window: finds what a person can see and use, by ARIA role and accessible name.
// A small part of the WAI-ARIA and accname specifications, as much as our own markup needs.

/** Sent as a script: must not refer to anything outside itself. Returns elements in document order. */
export function findByRole(role, wanted, exact, within) {
  const implicit = {
    button: 'button, summary, input[type=button], input[type=submit]',
    link: 'a[href]',
    textbox:
      'input:not([type]), input[type=text], input[type=email], input[type=url], input[type=tel], input[type=password], textarea',
    searchbox: 'input[type=search]',
    spinbutton: 'input[type=number]',
    checkbox: 'input[type=checkbox]',
    radio: 'input[type=radio]',
    combobox: 'select',
    option: 'option',
    heading: 'h1, h2, h3, h4, h5, h6',
    list: 'ul, ol',
    listitem: 'li',
    dialog: 'dialog',
    navigation: 'nav',
    main: 'main',
    complementary: 'aside',
    form: 'form',
    img: 'img',
    progressbar: 'progress',
    group: 'fieldset',
  }
  const selector = [`[role~="${role}"]`, implicit[role] && `:is(${implicit[role]}):not([role])`].filter(Boolean).join(',')
  const same = (name) => wanted === null || (exact ? name === wanted : name.toLowerCase().includes(wanted.toLowerCase()))
  return [...(within ?? document).querySelectorAll(selector)].filter((element) => visible(element) && same(nameOf(element)))

  function visible(element) {
    if (element.closest('[aria-hidden=true], [hidden], [inert]')) return false
    if (element.tagName === 'OPTION') return true
    // What lies in a folded `details` has a style and a box of its own, and still is not seen.
    if (!element.checkVisibility()) return false
    const style = getComputedStyle(element)
    return style.visibility !== 'hidden' && style.display !== 'none' && element.getClientRects().length > 0
  }

  function nameOf(element) {
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter(Boolean)
    const parts = [
      () => labelled.map((id) => text(document.getElementById(id))).join(' '),
      () => element.getAttribute('aria-label'),
      () => [...(element.labels ?? [])].map(text).join(' '),
      () => element.getAttribute('alt'),
      () => (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) ? '' : text(element)),
      () => element.getAttribute('title'),
      () => element.getAttribute('placeholder'),
    ]
    for (const part of parts) {
      const name = (part() ?? '').replace(/\s+/g, ' ').trim()
      if (name) return name
    }
    return ''
  }

  function text(node) {
    if (!node) return ''
    if (node.nodeType === Node.TEXT_NODE) return node.nodeValue
    if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute('aria-hidden') === 'true') return ''
    if (node.hasAttribute('aria-label')) return node.getAttribute('aria-label')
    const inner = [...node.childNodes].map(text).join('')
    return getComputedStyle(node).display.startsWith('inline') ? inner : ` ${inner} `
  }
}
