with recursive
step (ms) as (select 0 union all select ms + 2000 from step where ms < 8000),
counted as (
	select bid.ms / 2000 * 2000 - step.ms as start, auction, count(*) as num
	from bid, step
	group by 1, 2
),
ranked as (select *, rank() over (partition by start order by num desc) as place from counted)
select rfc3339(start) as window_start, rfc3339(start + 10000) as window_end, auction, num
from ranked
where place = 1
