/** What everything that opens over the page looks like. */
export const POPUP =
  'rounded-lg border border-line-strong bg-raised text-text shadow-float outline-none ' +
  'transition-opacity duration-100 data-starting-style:opacity-0 data-ending-style:opacity-0'

/** A choice in a list that opened. */
export const POPUP_ITEM =
  'flex min-h-7 cursor-default items-center gap-2 rounded px-2 text-sm outline-none select-none ' +
  'data-highlighted:bg-hover data-disabled:opacity-50'
