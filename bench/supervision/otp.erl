%% Erlang/OTP as a peer: gen_servers under its own supervisors, logging off as for the other peers. Compiled with erlc;
%% `erl +S 1 -noshell -run otp main MEASURE` prints its figures as one JSON line.
-module(otp).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2, handle_info/2, start_target/1, start_idle/0]).

-define(ACTORS, 1000).
-define(MANY, 1000000000).

main([Measure]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    Figures = measure(list_to_atom(Measure)),
    io:format("{~s}~n", [lists:join(",", [io_lib:format("\"~s\":~p", [K, V * 1.0]) || {K, V} <- Figures])]),
    halt(0).

%% ------------------------------------------------------------------ measures

measure(messages) ->
    [One | Thousand] = targets(?ACTORS + 1),
    [{oneToOne, one_to_one(One, 500000)}, {fanOut, fan_out(Thousand, 300)}];
measure(asks) ->
    [One] = targets(1),
    [{ask1, asks(One, 1, 60000)}, {ask100, asks(One, 100, 60000)}];
measure(restart) ->
    [Pid] = targets(1),
    Times = lists:sort(lists:nthtail(500, restarts(Pid, 2000))),
    [{restartMedianUs, quantile(Times, 0.5)}, {restartP99Us, quantile(Times, 0.99)}];
measure(group) ->
    Pids = supervised(one_for_all, 100),
    Times = lists:sort(lists:nthtail(100, group_restarts(Pids, 300))),
    [{restartGroupUs, quantile(Times, 0.5)}];
measure(crowd) ->
    {ok, Pool} = pool(),
    start_more(Pool, 2000),
    Before = memory(),
    Seconds = timed(fun() -> start_more(Pool, 100000) end),
    [{starts, 100000 / Seconds}, {heapPerActor, (memory() - Before) / 100000}];
measure(calls) ->
    {ok, Small} = pool(),
    {ok, Large} = pool(),
    start_more(Small, 100),
    start_more(Large, 50000),
    Took = lists:nthtail(10, [{call_us(Small, 250), call_us(Large, 250)} || _ <- lists:seq(1, 40)]),
    {At100, At50k} = lists:unzip(Took),
    [{callAt100Us, quantile(lists:sort(At100), 0.5)}, {callAt50kUs, quantile(lists:sort(At50k), 0.5)}];
measure(soak) ->
    Pids = targets(?ACTORS),
    More = cycles(Pids, 20000),
    Before = memory(),
    _ = cycles(More, 100000),
    [{bytesPerCrash, (memory() - Before) / 100000}].

one_to_one(Pid, N) ->
    Burst = fun() -> expect(Pid, N), times(N, fun() -> gen_server:cast(Pid, count) end), done(1) end,
    [Burst() || _ <- [1, 2, 3]],
    N / timed(Burst).

fan_out(Pids, Each) ->
    Burst = fun() ->
        each(Pids, fun(Pid) -> expect(Pid, Each) end),
        times(Each, fun() -> each(Pids, fun(Pid) -> gen_server:cast(Pid, count) end) end),
        done(length(Pids))
    end,
    [Burst() || _ <- [1, 2, 3]],
    Each * length(Pids) / timed(Burst).

asks(Pid, Clients, Questions) ->
    Client = fun() -> times(Questions div Clients, fun() -> gen_server:call(Pid, ask, 60000) end) end,
    All = fun() ->
        Monitors = [element(2, spawn_monitor(Client)) || _ <- lists:seq(1, Clients)],
        [receive {'DOWN', M, process, _, normal} -> ok end || M <- Monitors]
    end,
    All(),
    Questions / timed(All).

%% From the crash to the first message handled; one crash a millisecond.
restarts(_, 0) -> [];
restarts(Pid, N) ->
    From = now_us(),
    gen_server:cast(Pid, boom),
    [New] = ups(1),
    gen_server:cast(New, {ping, self()}),
    pongs(1),
    Took = now_us() - From,
    timer:sleep(1),
    [Took | restarts(New, N - 1)].

group_restarts(_, 0) -> [];
group_restarts(Pids, N) ->
    From = now_us(),
    gen_server:cast(lists:nth(51, Pids), boom),
    New = ups(length(Pids)),
    each(New, fun(Pid) -> gen_server:cast(Pid, {ping, self()}) end),
    pongs(length(New)),
    [now_us() - From | group_restarts(New, N - 1)].

%% A hundred crashes at a time, as often as it takes; answers who lives then.
cycles(Pids, N) when N =< 0 -> Pids;
cycles(Pids, N) ->
    {Some, Others} = lists:split(100, Pids),
    each(Some, fun(Pid) -> gen_server:cast(Pid, boom) end),
    New = ups(100),
    each(New, fun(Pid) -> gen_server:cast(Pid, {ping, self()}) end),
    pongs(100),
    cycles(Others ++ New, N - 100).

start_more(Pool, N) -> times(N, fun() -> {ok, _} = supervisor:start_child(Pool, []) end).

call_us(Pool, N) ->
    StartAndEnd = fun() ->
        {ok, Pid} = supervisor:start_child(Pool, []),
        ok = supervisor:terminate_child(Pool, Pid)
    end,
    timed(fun() -> times(N, StartAndEnd) end) * 1000000 / N.

%% --------------------------------------------------------------------- tools

now_us() -> erlang:monotonic_time(nanosecond) / 1000.
timed(Fun) -> From = now_us(), Fun(), (now_us() - From) / 1000000.
quantile(Sorted, Part) -> lists:nth(min(length(Sorted), trunc(length(Sorted) * Part) + 1), Sorted).
expect(Pid, N) -> gen_server:cast(Pid, {expect, N, self()}).
done(N) -> times(N, fun() -> receive done -> ok end end).
ups(N) -> [receive {up, Pid} -> Pid end || _ <- lists:seq(1, N)].
pongs(N) -> times(N, fun() -> receive pong -> ok end end).
each(Items, Fun) -> lists:foreach(Fun, Items).
times(0, _) -> ok;
times(N, Fun) -> Fun(), times(N - 1, Fun).

memory() ->
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    erlang:memory(total).

targets(N) -> supervised(one_for_one, N).

supervised(Strategy, N) ->
    Specs = [#{id => I, start => {?MODULE, start_target, [self()]}} || I <- lists:seq(1, N)],
    {ok, _} = supervisor:start_link(?MODULE, {sup, #{strategy => Strategy, intensity => ?MANY, period => 1}, Specs}),
    ups(N).

pool() ->
    Template = #{id => idle, start => {?MODULE, start_idle, []}, restart => permanent},
    supervisor:start_link(?MODULE, {sup, #{strategy => simple_one_for_one}, [Template]}).

start_target(Tester) -> gen_server:start_link(?MODULE, {target, Tester}, []).
start_idle() -> gen_server:start_link(?MODULE, idle, []).

%% ------------------------------------------------------------------- servers

init({sup, Flags, Specs}) -> {ok, {Flags, Specs}};
init({target, Tester}) -> Tester ! {up, self()}, {ok, {0, Tester}};
init(idle) -> {ok, {0, none}}.

handle_call(ask, _From, State) -> {reply, 1, State}.

handle_cast(count, {1, To}) -> To ! done, {noreply, {0, To}};
handle_cast(count, {Left, To}) -> {noreply, {Left - 1, To}};
handle_cast({expect, N, To}, _) -> {noreply, {N, To}};
handle_cast({ping, To}, State) -> To ! pong, {noreply, State};
handle_cast(boom, _) -> erlang:error(boom).

handle_info(_, State) -> {noreply, State}.
