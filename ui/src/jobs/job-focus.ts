/** A key leads into the tray: to the first question there, or to its line. */
import { ref } from 'vue'

export const focusRequests = ref(0)
