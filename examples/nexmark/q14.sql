select auction, bidder, price * 908 / 1000.0 as price,
	case
		when hour between 8 and 18 then 'dayTime'
		when hour <= 6 or hour >= 20 then 'nightTime'
		else 'otherTime'
	end as bidTimeType,
	dateTime, extra, length(extra) - length(replace(extra, 'c', '')) as c_counts
from (select *, cast(strftime('%H', dateTime) as integer) as hour from bid)
where price * 908 > 1000000000 and price * 908 < 50000000000
