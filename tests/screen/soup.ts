/** What a terminal may be sent: text of all widths, every sequence that it knows with good and with wild values. */
import type { Dice } from './dice'

const TEXT = [
  'a', 'Hello, world', ' ', 'x\r\n', '\n', '\r', '\t', '\b', '中文字符', '。', 'é', 'e\u0301', '👍🏽', '한글', 'ｱ', '────', '\x0e', '\x0f',
  'a long line that has to wrap at the right edge of the screen', '日本語の長い行は右端で折り返す', '\u0085', '\u0084', '\u0088',
  '\u009b31m', '\x7f', '\x07', '\x18',
] // prettier-ignore
const FINALS = [
  '@', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'P', 'S', 'T', 'X', 'Z', '`', 'a', 'b', 'd', 'e', 'f', 'g', 'h',
  'l', 'm', 'm', 'm', 'r', 's', 'u', ' @', ' A', "'}", "'~", ' q', '"q', '!p', 'n', 'c', '$p', '~', 't',
] // prettier-ignore
const ATTRIBUTES = [
  '0', '1', '2', '3', '4', '4:3', '4:0', '21', '5', '7', '8', '9', '22', '24', '27', '31', '42', '97', '105', '39', '49', '53',
  '38;5;200', '48;5;17', '38;2;1;2;3', '48:2::9:8:7', '58:5:3', '58;2;7;8;9', '59', '38:2:4:5:6', '38;5', '48',
] // prettier-ignore
const MODES = [
  1, 6, 25, 45, 66, 1000, 1002, 1003, 9, 1004, 1006, 1016, 1049, 47, 1047, 1048, 2004, 2026, 12, 2,
] // prettier-ignore
const OTHER = [
  '\x1b7', '\x1b8', '\x1bD', '\x1bE', '\x1bH', '\x1bM', '\x1b=', '\x1b>', '\x1bn', '\x1bo', '\x1b~', '\x1b(0', '\x1b)0', '\x1b(B',
  '\x1b*A', '\x1b+0', '\x1b#8', '\x1b%G', '\x1b]0;title\x07', '\x1b]2;标题\x1b\\',
   '\x1b]4;3;#aabbcc\x07', '\x1b]11;rgb:00/11/22\x07', '\x1b]111\x07',
  '\x1b]10;?\x07', '\x1bP$qr\x1b\\', '\x1bP$q"q\x1b\\', '\x1bP$qm\x1b\\', '\x1b[?6n', '\x1b[6n', '\x1b[c', '\x1b[>c', '\x1b[=c', '\x1b[>q',
  '\x1bP+q544e\x1b\\', '\x1b[14t', '\x1b[16t', '\x1b[18t', '\x1b[?2004$p', '\x1b[?6$p', '\x1b[4$p', '\x1b]7;file://host/tmp\x07',
  '\x1b_apc\x1b\\', '\x1bPunknown\x1b\\', '\x1b]104;3\x07', '\x1b[4h', '\x1b[4l', '\x1b[20h', '\x1b[20l',
] // prettier-ignore

export function soup(dice: Dice, pieces: number): string[] {
  const out: string[] = []
  for (let piece = 0; piece < pieces; piece++) {
    const kind = dice.roll(20)
    if (kind < 8) out.push(dice.pick(TEXT))
    else if (kind < 11) {
      const values = [dice.roll(30), dice.roll(30)].slice(0, dice.roll(3))
      out.push(`\x1b[${values.join(';')}${dice.pick(FINALS)}`)
    } else if (kind < 14) out.push(`\x1b[${dice.pick(ATTRIBUTES)}m`)
    else if (kind === 14) out.push(`\x1b[?${dice.pick(MODES)}${dice.pick(['h', 'l'])}`)
    else if (kind < 17) out.push(dice.pick(OTHER))
    else if (kind === 17) out.push(`\x1b[${dice.roll(9)};${dice.roll(25)}H`)
    else out.push('\r\n')
  }
  return out
}
