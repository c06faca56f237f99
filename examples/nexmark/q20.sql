select auction, bidder, price, channel, url, bid.dateTime as bid_dateTime, bid.extra as bid_extra,
	itemName, description, initialBid, reserve, auction.dateTime as auction_dateTime, expires,
	seller, category, auction.extra as auction_extra
from bid join auction on auction = id
where category = 10
