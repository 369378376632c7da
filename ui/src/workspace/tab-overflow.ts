/** How many tabs of a strip are cut off or out of sight. */

/** A tab whose edge is hidden by a pixel or two can still be read. */
const SLACK_PX = 8

export function hiddenTabs(strip: Element): number {
  const seen = strip.getBoundingClientRect()
  if (seen.width === 0) return 0
  return [...strip.querySelectorAll('[role="tab"]')].filter((tab) => {
    const { left, right } = tab.getBoundingClientRect()
    return left < seen.left - SLACK_PX || right > seen.right + SLACK_PX
  }).length
}
