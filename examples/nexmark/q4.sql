select category, avg(final) as avg
from (
	select category, max(price) as final
	from auction join bid on auction = id and bid.ms between auction.ms and expires_ms
	group by id, category
)
group by category
