/** What a part of the fake engine answers. */
import type { CommandName } from './backend'
import type { Commands } from './generated'

export type Handlers<Name extends CommandName = CommandName> = {
  [Each in Name]: (args: Commands[Each]['args']) => Commands[Each]['result'] | Promise<Commands[Each]['result']>
}
