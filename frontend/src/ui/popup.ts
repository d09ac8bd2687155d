/** Class names of everything that opens over the page. */
export const POPUP =
  'rounded-lg border border-line-strong bg-raised text-text shadow-float outline-none ' +
  'transition-opacity duration-100 data-starting-style:opacity-0 data-ending-style:opacity-0'

/** Class names of an item in a popup list. */
export const POPUP_ITEM =
  'flex min-h-7 cursor-default items-center gap-2 rounded px-2 text-sm outline-none select-none ' +
  'data-highlighted:bg-hover data-disabled:opacity-50'
