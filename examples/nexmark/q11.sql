with
begun as (
	select bidder, ms, ms - lag(ms) over (partition by bidder order by ms) <= 10000 as goes_on
	from bid
),
numbered as (
	select bidder, ms, sum(goes_on is not true) over (partition by bidder order by ms) as session
	from begun
)
select rfc3339(min(ms)) as window_start, rfc3339(max(ms) + 10000) as window_end, bidder, count(*) as bid_count
from numbered
group by bidder, session
