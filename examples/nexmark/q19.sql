select auction, bidder, price, channel, url, dateTime, extra, place as rank_number
from (select *, row_number() over (partition by auction order by price desc, rowid) as place from bid)
where place <= 10
