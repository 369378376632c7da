import type { Problem } from './generated'

export function problem(code: Problem['code'], params: Record<string, string> = {}, action: Problem['action'] = 'fix'): Problem {
  return { code, action, message: `${code} ${JSON.stringify(params)}`, params }
}
