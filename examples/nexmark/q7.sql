select auction, bidder, price, dateTime, extra
from bid join (select ms / 10000 * 10000 as start, max(price) as highest from bid group by 1)
	on price = highest and ms between start and start + 10000
