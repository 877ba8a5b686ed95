/** How Users tells how many sessions somebody may have, beside everything that proves who they are. */
import { z } from 'zod'

/** Whatever is no limit is no answer: nobody has more sessions than they may by a misunderstanding. */
export const sessionLimit = z.object({ max: z.int().min(1), onExcess: z.enum(['END_OLDEST', 'REFUSE']) }).nullable()
