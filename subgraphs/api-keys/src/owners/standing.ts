/** Whether an account exists and may act. Users knows. */

export interface OwnerStandings {
  /** Rejects with UNAVAILABLE when nobody can say now. */
  of(ownerId: string, requestId: string): Promise<'active' | 'inactive' | 'unknown'>
}
