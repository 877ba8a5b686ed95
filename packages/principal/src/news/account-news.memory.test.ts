import { tellsAccountNews } from './account-news.contract.ts'
import { memoryAccountNews } from './account-news.memory.ts'

tellsAccountNews(async () => {
  const news = memoryAccountNews()
  return [news, news]
})
