select id, itemName, description, initialBid, reserve, dateTime, expires, seller, category, extra,
	auction, bidder, price, bid_dateTime, bid_extra
from (
	select auction.*, auction, bidder, price, bid.dateTime as bid_dateTime, bid.extra as bid_extra,
		row_number() over (partition by id order by price desc, bid.ms) as place
	from auction join bid on auction = id and bid.ms between auction.ms and expires_ms
)
where place = 1
